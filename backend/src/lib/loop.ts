import type { Clock } from './clock.ts';
import type { Logger } from './log.ts';
import { AwayError, toNightjarError } from './errors.ts';

const BACKOFF_MS_MAX = 10_000;
const BACKOFF_MS_FIRST = 100;
/** To ask a part that is known to be away costs nothing, and its return must not go unnoticed for long. */
const BACKOFF_AWAY_MS_MAX = 1_000;

export interface Loop {
  /** A hint that there is work: the loop looks again at once. Cheap, may be called any number of times. */
  wake(): void;
  close(): Promise<void>;
}

export interface LoopOptions {
  readonly name: string;
  readonly clock: Clock;
  readonly log: Logger;
  /** How long to sleep when there was nothing to do: polling is the truth behind every hint. */
  readonly idleMs: number;
  /** One round; resolves to whether there may be more to do right now. May throw: the loop backs off and tries again. */
  readonly runOnce: (signal: AbortSignal) => Promise<boolean>;
}

/** Runs `runOnce` again and again until closed; closing waits for the round under way. */
export function createLoop({ name, clock, log, idleMs, runOnce }: LoopOptions): Loop {
  const stop = new AbortController();
  let nap = new AbortController();
  let woken = false;
  let backoffMs = 0;

  const wake = (): void => {
    woken = true;
    nap.abort();
  };

  async function rest(durationMs: number): Promise<void> {
    nap = new AbortController();
    if (!woken && !stop.signal.aborted) await clock.sleep(durationMs, nap.signal);
  }

  async function round(): Promise<void> {
    woken = false;
    try {
      const more = await runOnce(stop.signal);
      backoffMs = 0;
      if (!more) await rest(idleMs);
    } catch (thrown) {
      if (stop.signal.aborted) return;
      const error = toNightjarError(thrown);
      const isAway = error instanceof AwayError;
      backoffMs = Math.min(isAway ? BACKOFF_AWAY_MS_MAX : BACKOFF_MS_MAX, Math.max(BACKOFF_MS_FIRST, backoffMs * 2));
      log[isAway ? 'debug' : 'warn'](
        { loop: name, kind: error.kind, err: error, retry_ms: backoffMs },
        `${name}: ${error.message}`,
      );
      woken = false;
      // Jitter, so that a crowd of processes does not come back in step after an outage.
      await rest(backoffMs * (0.5 + Math.random() / 2));
    }
  }

  async function run(): Promise<void> {
    while (!stop.signal.aborted) await round();
  }

  const running = run();
  return {
    wake,
    async close() {
      stop.abort();
      nap.abort();
      await running;
    },
  };
}
