/**
 * Is the database there? Asked every two seconds on a connection of its own, and at once when anybody's use of it failed.
 * Its part's tracker then knows, and `openDatabase` acts on it: while the database is away nobody waits for it.
 *
 * A server that refuses, or says that it starts or stops, is away at the first word. One that is silent is so only when
 * it stays silent on a fresh connection too: a process that was itself held up (a busy machine, SIGSTOP) finds its timers
 * run out before it has read the answer that is there. Silent connections may never break by themselves, for the
 * network may be gone without a word: hence they are thrown away.
 */
import type { Clock } from '../lib/clock.ts';
import { AwayError, type ErrorKind } from '../lib/errors.ts';
import type { Logger } from '../lib/log.ts';
import type { Part } from '../lib/part.ts';
import { answerWithin } from '../lib/time-limit.ts';
import { connect } from './connect.ts';
import { toDatabaseError } from './errors.ts';
import type { DatabaseTarget, Sql } from './index.ts';

const LOOK_MS = 2_000;
const LOOK_AWAY_MS = 1_000;
const ANSWER_MS_MAX = 2_000;
/** Each of many failed uses asks for a look. */
const LOOK_GAP_MS = 100;

export type Pool = 'pipeline' | 'reads';

export interface Watched {
  readonly part: Part;
  readonly clock: Clock;
  readonly log: Logger;
  /** A use of the database begins, by one of the pools; what is returned is called when it ends. */
  readonly onUse?: (pool: Pool) => (failure?: ErrorKind) => void;
}

export interface Probe {
  /** A use of the database failed: look now. */
  suspect(): void;
  /** Whether it may be read, written. */
  readonly can: { readonly read: boolean; readonly write: boolean };
  /** What it last said that it is; null before it answered. */
  version(): string | null;
  close(): Promise<void>;
}

export interface ProbeOptions extends Watched {
  readonly target: DatabaseTarget;
  /**
   * Connections are to be replaced: it went away (false), or is there (true), again or in spite of a use that failed. A
   * connection of the driver may stay broken for good once it broke at the wrong moment.
   */
  readonly renew: (isThere: boolean) => void;
}

interface Answer {
  readonly version: string;
  readonly isReadOnly: boolean;
}

export function createProbe({ target, part, clock, renew: renewAll }: ProbeOptions): Probe {
  const stop = new AbortController();
  let nap = new AbortController();
  let sql = connectProbe(target);
  let isSuspect = false;
  let can = { read: true, write: true };
  let version: string | null = null;

  function renew(): void {
    void sql.end({ timeout: 0 });
    sql = connectProbe(target);
  }

  /** Undefined when all is well. */
  async function findFault(): Promise<AwayError | undefined> {
    try {
      const answer = await askWithin(sql, { clock });
      version = answer.version;
      return answer.isReadOnly ? new AwayError('the database', 'it takes no changes (read-only)') : undefined;
    } catch (thrown) {
      const error = toDatabaseError(thrown);
      return error instanceof AwayError ? error : new AwayError('the database', 'it does not let us in', thrown);
    }
  }

  function settle(fault: AwayError | undefined, wasSuspect: boolean): void {
    const was = can;
    const isReadable = !fault || fault.reason.includes('read-only');
    can = { read: isReadable, write: !fault };
    if (fault) part.away(fault.reason, fault);
    else part.back();
    if (was.write !== can.write || was.read !== can.read || (wasSuspect && !fault)) renewAll(can.write);
  }

  async function look(): Promise<void> {
    // A connection that is left open proves nothing where new ones are refused.
    const wasSuspect = isSuspect;
    if (wasSuspect || !can.write) renew();
    isSuspect = false;
    let fault = await findFault();
    if (fault && can.write && !stop.signal.aborted) {
      renew();
      fault = await findFault();
    }
    if (!stop.signal.aborted) settle(fault, wasSuspect);
  }

  async function run(): Promise<void> {
    while (!stop.signal.aborted) {
      await look();
      await clock.sleep(LOOK_GAP_MS, stop.signal);
      nap = new AbortController();
      // With jitter, so that a crowd of processes does not come back in step.
      const restMs = (can.write ? LOOK_MS : LOOK_AWAY_MS) * (0.5 + Math.random() / 2);
      if (!isSuspect && !stop.signal.aborted) await clock.sleep(restMs, nap.signal);
    }
  }

  const running = run();
  return {
    suspect() {
      // Its return is looked for at the pace of its own, however many ask.
      if (!can.write) return;
      isSuspect = true;
      nap.abort();
    },
    get can() {
      return can;
    },
    version: () => version,
    async close() {
      stop.abort();
      nap.abort();
      await sql.end({ timeout: 0 });
      await running;
    },
  };
}

export const connectProbe = (target: DatabaseTarget): Sql =>
  connect(target, { max: 1, prepare: false, connect_timeout: ANSWER_MS_MAX / 1_000 });

const silence = (): AwayError => new AwayError('the database', 'it does not answer');

/** Rejects with an `AwayError` when there is no answer in time, and with the reason of `signal`. */
export const askWithin = (sql: Sql, limit: { readonly clock: Clock; readonly signal?: AbortSignal | undefined }) =>
  answerWithin({ timeoutMs: ANSWER_MS_MAX, late: silence, ...limit }, () => askVersion(sql));

/** A standby's transactions are read-only, and so are those of a server that was told so. */
async function askVersion(sql: Sql): Promise<Answer> {
  const [row] = await sql<{ version: string; isReadOnly: boolean }[]>`
    select current_setting('server_version') as version, current_setting('transaction_read_only') = 'on' as is_read_only`;
  return { version: row?.version ?? '', isReadOnly: row?.isReadOnly ?? false };
}
