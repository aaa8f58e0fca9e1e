/** One process of the house: started, killed, stopped, and started again under the same name. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { API_KEY, cliPath } from '../harness/nightjar.ts';
import { eventually } from '../harness/eventually.ts';
import { createMemberLog, type MemberLog } from './member-log.ts';
import type { MemberName } from './plan.ts';

const START_MS_MAX = 60_000;
/** An end in order takes its time when the database is away; what takes longer is found and told. */
const TERMINATE_MS_MAX = 30_000;

export interface Member {
  readonly name: MemberName;
  readonly log: MemberLog;
  /** Undefined while it does not run. */
  pid(): number | undefined;
  /** Every process that ever ran under this name. */
  readonly pids: readonly number[];
  /** Resolves once it is up, however often it takes: the database may be away. */
  start(env?: Readonly<Record<string, string>>): Promise<void>;
  kill(): Promise<void>;
  /** Kills it for good: a round under way must not start it again. */
  retire(): Promise<void>;
  /** SIGTERM, to its clean end. */
  terminate(): Promise<void>;
  freeze(): void;
  thaw(): void;
}

export interface MemberOptions {
  readonly name: MemberName;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly logFile: string;
  /** Whether it may end by itself just now: native code of its own was told to abort. */
  readonly mayCrash: () => boolean;
}

export function createMember({ name, cwd, env, logFile, mayCrash }: MemberOptions): Member {
  const log = createMemberLog(logFile);
  const pids: number[] = [];
  let child: ChildProcess | undefined;
  let own: Readonly<Record<string, string>> = {};
  let isEnding = false;
  let isRetired = false;

  const isRunning = (): boolean => child !== undefined && child.exitCode === null && child.signalCode === null;

  function launch(): { readonly isUp: () => boolean } {
    if (isRetired) throw new Error(`${name} is not started any more`);
    let output = '';
    isEnding = false;
    const started = spawn(process.execPath, [cliPath, 'serve'], {
      cwd,
      // Nothing of our own environment: the same everywhere.
      env: {
        PATH: process.env['PATH'],
        ADMIN_API_KEY: API_KEY,
        LOG_FORMAT: 'json',
        CAMERA_TZ: 'UTC',
        RATE_LIMIT_PER_MINUTE: '0',
        ...env,
        ...own,
      },
      // A group of its own, by which whatever it leaves behind is found.
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    started.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk;
    });
    started.stderr?.setEncoding('utf8').on('data', log.add);
    if (started.pid !== undefined) pids.push(started.pid);
    child = started;
    const isUp = (): boolean => output.includes('Nightjar is up.');
    // Outages are states: once it is up nothing but a signal of ours may end it.
    started.once('exit', (code, signal) => {
      if (isUp() && !isEnding && !mayCrash()) log.complain(`ended by itself with ${code ?? signal ?? 'nothing'}`);
    });
    return { isUp };
  }

  async function start(other?: Readonly<Record<string, string>>): Promise<void> {
    own = other ?? own;
    if (isRunning()) return;
    let { isUp } = launch();
    await eventually(
      () => {
        // As a service manager does: a start while the database is away fails, and is tried again.
        if (!isRunning()) ({ isUp } = launch());
        return isUp();
      },
      { withinMs: START_MS_MAX, what: `the start of ${name}` },
    );
  }

  async function end(signal: NodeJS.Signals, withinMs: number): Promise<void> {
    if (!child || !isRunning()) return;
    const ending = child;
    const exited = once(ending, 'close');
    isEnding = true;
    // A stopped process hears nothing else.
    if (signal !== 'SIGKILL') ending.kill('SIGCONT');
    ending.kill(signal);
    const limit = setTimeout(() => {
      log.complain(`did not end within ${withinMs} ms of ${signal}`);
      ending.kill('SIGKILL');
    }, withinMs);
    await exited;
    clearTimeout(limit);
  }

  return {
    name,
    log,
    pids,
    pid: () => (isRunning() ? child?.pid : undefined),
    start,
    kill: () => end('SIGKILL', TERMINATE_MS_MAX),
    retire() {
      isRetired = true;
      return end('SIGKILL', TERMINATE_MS_MAX);
    },
    terminate: () => end('SIGTERM', TERMINATE_MS_MAX),
    freeze: () => void (isRunning() && child?.kill('SIGSTOP')),
    thaw: () => void (isRunning() && child?.kill('SIGCONT')),
  };
}
