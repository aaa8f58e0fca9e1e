import { spawn, type ChildProcess } from 'node:child_process';
import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { eventually } from './eventually.ts';

export interface TestRedis {
  readonly url: string;
  readonly port: number;
  /** SIGSTOP: it takes connections (the kernel does) and never answers. */
  pause(): void;
  resume(): void;
  /** Ends it at once; `startRedis(port)` brings it back. */
  close(): Promise<void>;
}

const ANSWER_MS_MAX = 500;

/** A real redis-server on a free loopback port (or the one given), with nothing kept on disk. */
export async function startRedis(port?: number): Promise<TestRedis> {
  const chosen = port ?? (await freePort());
  const child = spawn(
    'redis-server',
    ['--port', `${chosen}`, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'],
    {
      stdio: 'ignore',
      cwd: '/',
    },
  );
  const failed = once(child, 'error').then(([error]: unknown[]) => {
    throw new Error('redis-server could not be started: ./setup.sh --test installs it', { cause: error });
  });
  const url = `redis://127.0.0.1:${chosen}`;
  await Promise.race([failed, untilAnswers(url)]);
  return {
    url,
    port: chosen,
    pause: () => void child.kill('SIGSTOP'),
    resume: () => void child.kill('SIGCONT'),
    close: () => stop(child),
  };
}

async function untilAnswers(url: string): Promise<void> {
  const client = new Redis(url, { lazyConnect: true, retryStrategy: () => 50, maxRetriesPerRequest: null });
  client.on('error', () => undefined); // refused until it listens: that is what is being waited for
  await client.connect().catch(() => undefined);
  // The client itself would wait for as long as it takes.
  const answers = () => Promise.race([client.ping(), sleep(ANSWER_MS_MAX, undefined)]);
  await eventually(answers, { withinMs: 10_000, what: 'the start of Redis' });
  client.disconnect();
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
