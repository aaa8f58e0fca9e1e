/** A real FTP server on loopback, and real clients: what cameras and their servers do, done by curl and rsync. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { eventually } from './eventually.ts';
import { freePort } from './redis.ts';

export interface FtpServer {
  /** Of a path below the served folder. */
  toUrl(path: string): string;
  close(): Promise<void>;
}

/**
 * vsftpd serving `folder` to anyone on loopback, as the user of the tests, with no account of its own and no trace in
 * the system. It keeps what came of a broken upload, as it does by default.
 */
export async function startVsftpd(folder: string): Promise<FtpServer> {
  const home = await mkdtemp(path.join(tmpdir(), 'nightjar-vsftpd-'));
  const port = await freePort();
  const settings = {
    ...{ listen: 'YES', background: 'NO', listen_address: '127.0.0.1', listen_port: port, connect_from_port_20: 'NO' },
    ...{ anonymous_enable: 'YES', no_anon_password: 'YES', local_enable: 'NO', anon_root: folder, anon_umask: '022' },
    ...{ write_enable: 'YES', anon_upload_enable: 'YES', anon_mkdir_write_enable: 'YES' },
    ...{ anon_other_write_enable: 'YES', anon_world_readable_only: 'NO' },
    ...{ run_as_launching_user: 'YES', allow_writeable_chroot: 'YES', secure_chroot_dir: home },
    ...{ seccomp_sandbox: 'NO', isolate: 'NO', isolate_network: 'NO', xferlog_enable: 'NO' },
  };
  const file = path.join(home, 'vsftpd.conf');
  await writeFile(file, Object.entries(settings).map(([name, value]) => `${name}=${value}\n`).join('')); // prettier-ignore
  const child = spawn('vsftpd', [file], { env: { PATH: `${process.env['PATH']}:/usr/sbin` }, stdio: 'pipe' });
  const closed = once(child, 'close');
  await eventually(() => canConnect(port), { what: 'vsftpd' });
  return {
    toUrl: (name) => `ftp://127.0.0.1:${port}/${name.split('/').map(encodeURIComponent).join('/')}`,
    async close() {
      child.kill();
      await closed;
      await rm(home, { recursive: true, force: true });
    },
  };
}

async function canConnect(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false; // Not listening yet.
  } finally {
    socket.destroy();
  }
}

/** Runs a client to its end; resolves to its exit code, and never rejects. */
export function runClient(program: 'curl' | 'rsync', args: readonly string[]): Promise<number> {
  return new Promise((resolve) => {
    const child = execFile(program, [...args], () => resolve(child.exitCode ?? -1));
  });
}

/** A client that can be killed on the way. */
export function startClient(program: 'curl' | 'rsync', args: readonly string[]) {
  const child = spawn(program, [...args], { stdio: 'ignore' });
  const closed = once(child, 'close');
  return async (): Promise<void> => {
    child.kill('SIGKILL');
    await closed;
  };
}
