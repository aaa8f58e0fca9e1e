/**
 * The FTP server of deploy/vsftpd with its own settings, PAM file and start script, by the real vsftpd and curl. It runs
 * in a mount namespace of its own, so that the system's files stay as they are; for that it needs root, on Linux.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, chown, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { root } from './deploy/compose-file.ts';
import { createCleanups } from './harness/cleanups.ts';
import { eventually } from './harness/eventually.ts';
import { runClient } from './harness/ftp.ts';
import { freePort } from './harness/redis.ts';

const CAMERA_ID = 10_001;
const PASSWORD = 'a password of cameras';
const isRoot = process.platform === 'linux' && process.getuid?.() === 0;

/** What the image has at fixed places, put there for this process and its children alone. */
const STAND_IN = `
  set -eu
  mount --make-rprivate /
  mount --bind "$1/run" /run
  mkdir -p /run/vsftpd /run/secrets
  cp "$1/password" /run/secrets/ftp_password
  mount --bind "$1/vsftpd.conf" /etc/vsftpd.conf
  mount --bind "$1/pam.d" /etc/pam.d/vsftpd
  mount --bind "$1/passwd" /etc/passwd
  exec "$2"`;

describe.skipIf(!isRoot)('the FTP server for cameras', () => {
  const cleanups = createCleanups();
  let home: string;
  let inbox: string;
  let port: number;

  beforeAll(async () => {
    home = await mkdtemp(path.join(tmpdir(), 'nightjar-ftp-'));
    cleanups.add(() => rm(home, { recursive: true, force: true }));
    await chmod(home, 0o711);
    inbox = path.join(home, 'inbox');
    port = await freePort();
    await prepare();
    const script = path.join(root, 'deploy/vsftpd/start.sh');
    const env = { PATH: `${process.env['PATH']}:/usr/sbin:/sbin` };
    const child = spawn('unshare', ['--mount', 'bash', '-c', STAND_IN, 'bash', home, script], { env, stdio: 'ignore' });
    const closed = once(child, 'close');
    cleanups.add(async () => {
      child.kill();
      await closed;
    });
    await eventually(isListening, { what: 'vsftpd' });
  });
  afterAll(cleanups.run);

  async function prepare(): Promise<void> {
    const source = path.join(root, 'deploy/vsftpd');
    const settings = await readFile(path.join(source, 'vsftpd.conf'), 'utf8');
    const here = settings.replace('local_root=/inbox', `local_root=${inbox}`).replace('listen_port=2121', `listen_port=${port}\nlisten_address=127.0.0.1`); // prettier-ignore
    await writeFile(path.join(home, 'vsftpd.conf'), here);
    await writeFile(path.join(home, 'pam.d'), await readFile(path.join(source, 'pam.d')));
    await writeFile(path.join(home, 'password'), PASSWORD);
    const users = await readFile('/etc/passwd', 'utf8');
    const camera = `camera:x:${CAMERA_ID}:${CAMERA_ID}::${inbox}:/usr/sbin/nologin\n`;
    await writeFile(path.join(home, 'passwd'), users + camera);
    for (const folder of [inbox, path.join(home, 'run')]) await mkdir(folder);
    await chown(inbox, CAMERA_ID, CAMERA_ID);
    await writeFile(path.join(home, 'secret.txt'), 'outside');
  }

  async function isListening(): Promise<boolean> {
    const socket = connect(port, '127.0.0.1');
    const greeting = await Promise.race([once(socket, 'data'), once(socket, 'close')]).catch(() => []);
    socket.destroy();
    return String(greeting[0]).startsWith('220');
  }

  const curl = (target: string, ...args: string[]): Promise<number> =>
    runClient('curl', ['-sS', '--max-time', '20', '-u', `camera:${PASSWORD}`, ...args, `ftp://127.0.0.1:${port}/${target}`]); // prettier-ignore

  async function write(name: string, bytes: string): Promise<string> {
    const file = path.join(home, name);
    await writeFile(file, bytes);
    return file;
  }

  it('takes uploads into new folders, as the user of Nightjar', async () => {
    const file = await write('a', 'a picture');
    expect(await curl('gate/2026/a.jpg', '--ftp-create-dirs', '-T', file)).toBe(0);
    const { uid, gid, mode } = await stat(path.join(inbox, 'gate/2026/a.jpg'));
    expect([uid, gid, mode & 0o777]).toEqual([CAMERA_ID, CAMERA_ID, 0o644]);
  });

  it('renames, goes on with what broke off, and takes data both ways', async () => {
    expect(await curl('b.part', '-T', await write('b', 'whole'), '-Q', '-RNFR b.part', '-Q', '-RNTO b.jpg')).toBe(0);
    expect(await curl('c.jpg', '-T', await write('c', 'first'))).toBe(0);
    expect(await curl('c.jpg', '-C', '-', '-T', await write('c', 'first, second'))).toBe(0);
    expect(await curl('d.jpg', '-P', '127.0.0.1', '-T', await write('d', 'active'))).toBe(0);
    const found = ['b.jpg', 'c.jpg', 'd.jpg'].map(async (name) => readFile(path.join(inbox, name), 'utf8'));
    expect(await Promise.all(found)).toEqual(['whole', 'first, second', 'active']);
  });

  it('gives nothing back, and lets nobody out', async () => {
    const file = await write('e', 'evil');
    expect(await curl('gate/2026/a.jpg', '-o', path.join(home, 'got'))).not.toBe(0);
    expect(await curl('/etc/')).not.toBe(0);
    expect(await curl('..%2Fsecret.txt', '-o', path.join(home, 'got'))).not.toBe(0);
    // Above the inbox there is the inbox.
    expect(await curl('..%2Fevil.jpg', '-T', file)).toBe(0);
    expect(await curl('', '-Q', 'SITE CHMOD 777 b.jpg')).not.toBe(0);
    await expect(stat(path.join(home, 'got'))).rejects.toThrow('ENOENT');
    await expect(stat(path.join(home, 'evil.jpg'))).rejects.toThrow('ENOENT');
    expect((await stat(path.join(inbox, 'b.jpg'))).mode & 0o777).toBe(0o644);
  });

  it('knows one account', async () => {
    const login = (account: string) => runClient('curl', ['-sS', '--max-time', '20', '-u', account, `ftp://127.0.0.1:${port}/`]); // prettier-ignore
    const LOGIN_DENIED = 67;
    const wrong = ['camera:wrong', `root:${PASSWORD}`, 'anonymous:a@b'];
    expect(await Promise.all(wrong.map(login))).toEqual(wrong.map(() => LOGIN_DENIED));
    expect(await login(`camera:${PASSWORD}`)).toBe(0);
  });
});
