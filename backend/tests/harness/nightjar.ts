import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import WebSocket from 'ws';
import type { EventState, FrameState } from '../../src/model/index.ts';
import type { Message } from '../../src/model/wire.ts';
import { eventually } from './eventually.ts';

export const API_KEY = 'test-key-0123456789abcdef';
export const cliPath = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));
const START_MS_MAX = 60_000;

/** The built program as a process group of its own, as a user runs it. */
export interface NightjarProcess {
  /** Empty for a process without the role `api`. */
  readonly url: string;
  readonly pid: number;
  get<T>(path: string): Promise<T>;
  /** To the whole process group; resolves to the exit code, or the signal, once it has ended. */
  kill(signal: NodeJS.Signals): Promise<number | NodeJS.Signals | null>;
  /** What it wrote to stderr so far: the log. */
  log(): string;
}

export interface SpawnOptions {
  /** As which user; our own if not given. */
  readonly uid?: number;
}

/** The same while it may still be starting. */
export interface Launched extends Pick<NightjarProcess, 'kill' | 'log'> {
  /** Once it says that it is up; one that does not is killed. */
  up(): Promise<NightjarProcess>;
}

export function launch(
  dataDir: string,
  env: Readonly<Record<string, string>> = {},
  options: SpawnOptions = {},
): Launched {
  const { child, output, exited } = spawnCli(['serve'], {
    cwd: dataDir,
    env: { DATA_DIR: dataDir, ...env },
    ...options,
  });
  const kill = async (signal: NodeJS.Signals): Promise<number | NodeJS.Signals | null> => {
    if (child.exitCode === null && child.signalCode === null) process.kill(-(child.pid ?? 0), signal);
    return exited;
  };
  const readWelcome = (): string | undefined => {
    if (child.exitCode !== null) throw new Error(`nightjar ended with ${child.exitCode}: ${output.stderr()}`);
    return /Nightjar is up\.[^]*\n\n/.exec(output.stdout())?.[0];
  };
  return {
    kill,
    log: output.stderr,
    async up() {
      const limits = { withinMs: START_MS_MAX, what: 'the start of nightjar' };
      const welcome = await eventually(readWelcome, limits).catch(async (thrown: unknown) => {
        await kill('SIGKILL');
        throw thrown;
      });
      const url = /API\s+(http\S+)\/api/.exec(welcome)?.[1] ?? '';
      return { url, pid: child.pid ?? 0, log: output.stderr, get: (route) => getJson(`${url}${route}`), kill };
    },
  };
}

export const startProcess = (...given: Parameters<typeof launch>): Promise<NightjarProcess> => launch(...given).up();

export interface Ended {
  readonly code: number | NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Any command of the built program, to its end. */
export async function runCli(
  args: readonly string[],
  options: { readonly cwd: string; readonly env?: Readonly<Record<string, string>> },
): Promise<Ended> {
  const { output, exited } = spawnCli(args, { env: {}, ...options });
  return { code: await exited, stdout: output.stdout(), stderr: output.stderr() };
}

function spawnCli(
  args: readonly string[],
  { cwd, env, uid }: SpawnOptions & { readonly cwd: string; readonly env: Readonly<Record<string, string>> },
) {
  const child = spawn(process.execPath, [cliPath, ...args], {
    cwd,
    // Nothing of the environment of the tests: the same everywhere.
    env: {
      PATH: process.env['PATH'],
      ADMIN_API_KEY: API_KEY,
      PORT: '0',
      LOG_FORMAT: 'json',
      CAMERA_TZ: 'UTC',
      // Tests and benchmarks ask more often than people do.
      RATE_LIMIT_PER_MINUTE: '0',
      ...env,
    },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(uid === undefined ? {} : { uid, gid: uid }),
  });
  const exited = once(child, 'close').then(([code, signal]) => (code ?? signal) as number | NodeJS.Signals | null);
  return { child, output: collect(child), exited };
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

/** Reads a whole list of the API, page by page. */
export async function getAll<T>(nightjar: NightjarProcess, route: string): Promise<T[]> {
  const items: T[] = [];
  for (let cursor: string | null = ''; cursor !== null;) {
    const query: string = `limit=200${cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`}`;
    const page = await nightjar.get<{ items: T[]; next_cursor: string | null }>(
      `${route}${route.includes('?') ? '&' : '?'}${query}`,
    );
    items.push(...page.items);
    cursor = page.next_cursor;
  }
  return items;
}

export interface Summary {
  readonly frames: { readonly total: number; readonly by_state: Readonly<Record<FrameState, number>> };
  readonly events: { readonly total: number; readonly by_state: Readonly<Record<EventState, number>> };
}

export const readSummary = (nightjar: NightjarProcess): Promise<Summary> => nightjar.get<Summary>('/api/stats/summary');

/** Waits until so many frames are `done` (at least), and no longer than a minute. */
export async function untilDone(nightjar: NightjarProcess, count: number): Promise<void> {
  await eventually(async () => (await readSummary(nightjar)).frames.by_state.done >= count, {
    withinMs: 60_000,
    what: `${count} frames done`,
  });
}

/** Puts bytes into a camera's folder as a slow camera does: in place, piece by piece, each after its pause. */
export async function grow(
  inbox: string,
  name: string,
  { pieces, pauseMs }: { readonly pieces: readonly Uint8Array[]; readonly pauseMs: number },
): Promise<void> {
  const target = path.join(inbox, name);
  await mkdir(path.dirname(target), { recursive: true });
  for (const [index, piece] of pieces.entries()) {
    // The pace of the writer is what is being played here, and no test waits by it.
    if (index > 0) await sleep(pauseMs);
    await appendFile(target, piece);
  }
}
