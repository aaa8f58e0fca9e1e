import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import WebSocket from 'ws';
import type { Message } from '../../src/model/wire.ts';
import { eventually } from './eventually.ts';

export const API_KEY = 'test-key-0123456789abcdef';
const cli = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));

/** The built program as a process group of its own, as a user runs it. */
export interface NightjarProcess {
  readonly url: string;
  readonly pid: number;
  get<T>(path: string): Promise<T>;
  /** To the whole process group; resolves to the exit code, or the signal, once it has ended. */
  kill(signal: NodeJS.Signals): Promise<number | NodeJS.Signals | null>;
  /** What it wrote to stderr so far: the log. */
  log(): string;
}

export async function startProcess(
  dataDir: string,
  env: Readonly<Record<string, string>> = {},
): Promise<NightjarProcess> {
  const child = spawn(process.execPath, [cli, 'serve'], {
    cwd: dataDir,
    env: {
      PATH: process.env['PATH'],
      ADMIN_API_KEY: API_KEY,
      DATA_DIR: dataDir,
      PORT: '0',
      LOG_FORMAT: 'json',
      CAMERA_TZ: 'UTC',
      ...env,
    },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = collect(child);
  const exited = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
  const url = await eventually(
    () => {
      if (child.exitCode !== null) throw new Error(`nightjar ended with ${child.exitCode}: ${output.stderr()}`);
      return /API\s+(http\S+)\/api/.exec(output.stdout())?.[1];
    },
    { withinMs: 60_000, what: 'the start of nightjar' },
  );
  return {
    url,
    pid: child.pid ?? 0,
    log: output.stderr,
    get: (route) => getJson(`${url}${route}`),
    async kill(signal) {
      if (child.exitCode === null && child.signalCode === null) process.kill(-(child.pid ?? 0), signal);
      const [code, by] = await exited;
      return code ?? by;
    },
  };
}

function collect(child: ChildProcess) {
  const text = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const)
    child[name]?.setEncoding('utf8').on('data', (chunk: string) => {
      text[name] += chunk;
    });
  return { stdout: () => text.stdout, stderr: () => text.stderr };
}

async function getJson<T>(url: string): Promise<T> {
  const response = await fetch(url, { headers: { 'x-api-key': API_KEY } });
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${await response.text()}`);
  return (await response.json()) as T;
}

/** A temporary data folder; `remove` also ends a database server that a killed Nightjar left running there. */
export async function createDataDir(): Promise<{ path: string; readonly remove: () => Promise<void> }> {
  const dir = await mkdtemp(path.join(tmpdir(), 'nightjar-story-'));
  return {
    path: dir,
    async remove() {
      const pid = await readPostmasterPid(dir);
      if (pid !== undefined) await killAndWait(pid, 'SIGQUIT');
      await rm(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
    },
  };
}

export async function readPostmasterPid(dataDir: string): Promise<number | undefined> {
  const text = await readFile(path.join(dataDir, 'postgres', 'postmaster.pid'), 'utf8').catch(() => '');
  const pid = Number(text.split('\n')[0]);
  return pid > 1 ? pid : undefined;
}

export const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false; // ESRCH: no such process, which is the answer
  }
};

export async function killAndWait(pid: number, signal: NodeJS.Signals): Promise<void> {
  if (isAlive(pid)) process.kill(pid, signal);
  await eventually(() => !isAlive(pid), { what: `the end of process ${pid}` });
}

/** Puts bytes into a camera's folder as an FTP server does: a temporary name, then a rename. */
export async function drop(inbox: string, name: string, bytes: Uint8Array): Promise<void> {
  const target = path.join(inbox, name);
  await mkdir(path.dirname(target), { recursive: true });
  await writeFile(`${target}.part`, bytes);
  await rename(`${target}.part`, target);
}

export interface Listener {
  readonly messages: readonly Message[];
  readonly closed: Promise<number>;
  close(): void;
}

/** A dashboard: everything from `after` on. */
export async function listen(url: string, after = 0): Promise<Listener> {
  const ws = new WebSocket(`${url.replace('http', 'ws')}/ws`, { headers: { 'x-api-key': API_KEY } });
  const messages: Message[] = [];
  ws.on('message', (data: Buffer) => {
    const message = JSON.parse(data.toString()) as Message;
    if (typeof message.seq === 'number') messages.push(message);
  });
  const closed = once(ws, 'close').then(([code]) => code as number);
  await once(ws, 'open');
  ws.send(JSON.stringify({ type: 'subscribe', after }));
  return { messages, closed, close: () => ws.close() };
}
