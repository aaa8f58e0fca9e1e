/**
 * Asks a language model about closed events. The loop only claims and lets go: each question runs beside it, as long as
 * the model takes, and its verdict is stored in a short transaction of its own. Detection and closing never wait for it.
 */
import type { Database, Transact } from '../../db/index.ts';
import type { Clock } from '../../lib/clock.ts';
import { toMessage } from '../../lib/errors.ts';
import type { Logger } from '../../lib/log.ts';
import { createLoop, type Loop } from '../../lib/loop.ts';
import { withRetry } from '../../lib/retry.ts';
import type { Analyst, Dossier, Verdict } from '../../model/analysis.ts';
import type { AlertOptions } from '../alerts/fire.ts';
import type { EventRules } from '../rows.ts';
import { CLAIM_MS, claimDue, countDue, giveUp, renewClaims, type Claim } from './claim.ts';
import { readDossier } from './dossier.ts';
import { storeVerdict } from './store.ts';

const LOOK_EVERY_MS = 1_000;
const RENEW_EVERY_MS = 15_000;
const GIVE_UP_EVERY_MS = 60_000;
const STORE_AGAIN_MS = 500;

export interface AnalysisWorkerOptions extends AlertOptions {
  readonly db: Database;
  readonly transact: Transact;
  readonly rules: EventRules;
  readonly analyst: Analyst;
  /** Events whose last picture came longer ago keep what the rules say. */
  readonly ageMaxMs: number;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface AnalysisWorker extends Loop {
  /** Events that were due when it last looked. */
  queued(): number;
}

export function createAnalysisWorker(options: AnalysisWorkerOptions): AnalysisWorker {
  const { db, transact, rules, analyst, ageMaxMs, clock, log, newId, enqueue } = options;
  const stop = new AbortController();
  const inHand = new Map<string, Promise<void>>();
  const renew = every(RENEW_EVERY_MS, clock);
  const clear = every(GIVE_UP_EVERY_MS, clock);
  let queued = 0;
  /** Claims whose dossier is being read: the analyst does not count them yet. */
  let unasked = 0;

  async function ask(claim: Claim): Promise<void> {
    const verdict = await askAnalyst(claim);
    const store = () =>
      transact((tx, say) => storeVerdict(tx, say, { claim, verdict }, { rules, newId, enqueue, nowMs: clock.nowMs() }));
    // As long as the lease could last. What is not stored by then is asked again, by whoever claims it.
    const held = await withRetry(store, { clock, delayMs: STORE_AGAIN_MS, withinMs: CLAIM_MS, signal: stop.signal });
    if (!held) log.info({ event_id: claim.event.id }, 'an analysis was discarded: the event changed meanwhile');
  }

  async function askAnalyst({ event }: Claim): Promise<Verdict> {
    let dossier: Dossier;
    unasked += 1;
    try {
      dossier = await readDossier(db, event, rules.timeZone);
    } finally {
      unasked -= 1;
    }
    return analyst.analyze(dossier, stop.signal);
  }

  function begin(claim: Claim): void {
    const lost = (thrown: unknown): void =>
      log.warn({ event_id: claim.event.id, err: thrown }, `an analysis was lost: ${toMessage(thrown)}`);
    const asking = ask(claim).catch(lost).finally(() => {
      inHand.delete(claim.leaseId);
      loop.wake();
    }); // prettier-ignore
    inHand.set(claim.leaseId, asking);
  }

  async function runOnce(): Promise<boolean> {
    if (inHand.size > 0 && renew()) await db.query((sql) => renewClaims(sql, [...inHand.keys()]));
    if (clear()) await db.query((sql) => giveUp(sql, ageMaxMs));
    queued = await db.query(countDue);
    const free = queued > 0 ? analyst.capacity() - unasked : 0;
    if (free > 0) for (const claim of await db.query((sql) => claimDue(sql, free, ageMaxMs))) begin(claim);
    return false;
  }

  const loop = createLoop({ name: 'analysis worker', clock, log, idleMs: LOOK_EVERY_MS, runOnce });
  return {
    wake: loop.wake,
    queued: () => queued,
    async close() {
      stop.abort();
      await loop.close();
      await Promise.all(inHand.values());
    },
  };
}

/** True when so much time has passed since it last was, or when the clock was set back and nobody knows. */
function every(durationMs: number, clock: Clock): () => boolean {
  let lastMs = clock.nowMs();
  return () => {
    const passedMs = clock.nowMs() - lastMs;
    if (passedMs >= 0 && passedMs < durationMs) return false;
    lastMs = clock.nowMs();
    return true;
  };
}
