/**
 * Events: runs of detections on one camera, by capture time.
 *
 * In: examined frames (from the detect worker). Out: detections, events and durable messages, all in the transaction
 * that completes the frame. Events open at once, close on silence or a full window, and are then analyzed: by the rules,
 * or by an analyst that is passed in, while the rules fill in wherever it does not get to an event. What the rules of
 * alerts (alerts/, no kin of those that score) find in an event is told in the transaction that they find it in.
 * Fails with `unavailable` while the database is away: the caller keeps the frame and tries again.
 * Limits: 100 frames in one transaction, 100 events closed and 50 analyzed at once; an analyst is asked 5 times in vain
 * about an event, and 20 analyses of each event are kept. A rule is tried against 10,000 events at most, for 10 s.
 */
import type { Transact } from '../db/index.ts';
import type { Clock } from '../lib/clock.ts';
import { createCoalescer } from '../lib/coalesce.ts';
import { isFinal } from '../lib/errors.ts';
import type { Logger } from '../lib/log.ts';
import { createLoop } from '../lib/loop.ts';
import type { Analyst } from '../model/analysis.ts';
import type { ExaminedFrame } from '../model/index.ts';
import { analyzeDue, analyzeLeft } from './analysis/rules.ts';
import { closeEvents } from './close.ts';
import { commitExamined, type CommitOptions } from './commit.ts';

export type { EnqueueDeliveries } from './alerts/fire.ts';
export { createRuleTrials } from './alerts/trial.ts';
export { listenForDue } from './analysis/notice.ts';
export { createAnalysisWorker, type AnalysisWorker, type AnalysisWorkerOptions } from './analysis/worker.ts';

const FRAMES_PER_TRANSACTION_MAX = 100;
const LOOK_EVERY_MS = 1_000;
/** How long a closed event waits for an analyst that is there but busy, before the rules fill in. */
const PATIENCE_MS = 10_000;

export interface EventsOptions extends CommitOptions {
  readonly transact: Transact;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Stores what was found in frames. Frames that finish while a transaction is under way share the next one. */
export function createEventStore(options: EventsOptions) {
  const commits = createCoalescer<ExaminedFrame, boolean>({
    sizeMax: FRAMES_PER_TRANSACTION_MAX,
    run: (examined) => options.transact((tx, say) => commitExamined(tx, say, examined, options)),
    isOfOne: isFinal,
  });
  return {
    /** Resolves once durable: true if stored, false if the frame's lease was lost and another has it now. */
    store: (examined: ExaminedFrame): Promise<boolean> => commits.add(examined),
    close: () => commits.idle(),
  };
}

export type EventStore = ReturnType<typeof createEventStore>;

/** Closes events whose time is over. */
export const createEventCloser = ({ transact, rules, clock, log }: EventsOptions) =>
  createLoop({
    name: 'event closer',
    clock,
    log,
    idleMs: LOOK_EVERY_MS,
    runOnce: async () => (await transact((tx, say) => closeEvents(tx, say, rules))) > 0,
  });

/**
 * Analyzes closed events by the rules: all of them, or, where there is an analyst, those that it cannot take. Those stay
 * due, so the analyst may come to them later.
 */
export const createAnalyzer = ({
  transact,
  rules,
  clock,
  log,
  newId,
  enqueue,
  analyst,
}: Omit<EventsOptions, 'complete'> & { readonly analyst?: Pick<Analyst, 'state'> | undefined }) =>
  createLoop({
    name: 'analyzer',
    clock,
    log,
    idleMs: LOOK_EVERY_MS,
    runOnce: async () => {
      const options = { rules, newId, enqueue, nowMs: clock.nowMs() };
      const patienceMs = analyst?.state().state === 'ready' ? PATIENCE_MS : 0;
      return (await transact((tx, say) => analyst ? analyzeLeft(tx, say, { ...options, patienceMs }) : analyzeDue(tx, say, options))) > 0; // prettier-ignore
    },
  });
