/** What the tests of this folder share: a database of its own for each test, events that are due, an analyst by hand. */
import { afterEach, beforeEach } from 'vitest';
import { createCleanups } from '../../../tests/harness/cleanups.ts';
import { createTestDatabase, type TestDatabase } from '../../../tests/harness/database.ts';
import { toTransact } from '../../../tests/harness/ledger.ts';
import { seedCamera, seedDetection, seedEvent, seedFrame, seedTime } from '../../api/tests/seed.ts';
import { readAfter } from '../../broadcast/index.ts';
import { systemClock as clock } from '../../lib/clock.ts';
import { newId } from '../../lib/id.ts';
import { silentLog as log } from '../../lib/log.ts';
import type { Analyst, AnalystCall, Dossier, Verdict } from '../../model/analysis.ts';
import { createAnalysisWorker, type AnalysisWorker } from '../index.ts';
import { claimDue, type Claim } from './claim.ts';
import { storeVerdict } from './store.ts';

export const rules = {
  idleMs: 30_000,
  windowMs: 90_000,
  bands: { lowMax: 29, mediumMax: 59, highMax: 84 },
  timeZone: 'UTC',
};
export const DAY_MS = 86_400_000;
export const call: AnalystCall = {
  requestedAt: new Date(),
  finishedAt: new Date(),
  model: 'nemotron',
  prompt: [{ role: 'user', content: [{ type: 'text', text: 'how bad is it?' }] }],
  answer: '{"risk_score":90}',
  risk: null,
  error: null,
  tokensIn: 400,
  tokensOut: null,
};
export const risk = { score: 90, summary: 'Someone climbs the fence.', reasoning: 'Nobody climbs fences by day.' };
export const scored: Extract<Verdict, { readonly outcome: 'scored' }> = {
  outcome: 'scored',
  risk,
  calls: [{ ...call, risk }],
};
export const away: Verdict = { outcome: 'away', reason: 'refused', calls: [] };
export const failed: Verdict = {
  outcome: 'failed',
  reason: 'nonsense',
  calls: [{ ...call, error: { kind: 'invalid', message: 'nonsense' } }],
};

/** An analyst whose verdicts the test gives, when it likes. */
export function createTestAnalyst({ places = 10 } = {}) {
  const asked: { dossier: Dossier; signal: AbortSignal; answer: (verdict: Verdict) => void }[] = [];
  let ready = true;
  let open = 0;
  const analyst: Analyst = {
    capacity: () => (ready ? places - open : 0),
    state: () => ({ state: ready ? 'ready' : 'unavailable', reason: ready ? null : 'it is away' }),
    analyze(dossier, signal) {
      open += 1;
      const verdict = new Promise<Verdict>((resolve) => {
        asked.push({ dossier, signal, answer: resolve });
        const cancel = (): void => resolve({ outcome: 'cancelled', reason: 'closing', calls: [] });
        if (signal.aborted) cancel();
        else signal.addEventListener('abort', cancel);
      });
      return verdict.finally(() => (open -= 1));
    },
  };
  return { ...analyst, asked, setReady: (value: boolean) => void (ready = value) };
}

export const cleanups = createCleanups();
export let db: TestDatabase;
export let transact: ReturnType<typeof toTransact>;
export const options = () => ({ rules, newId, nowMs: Date.now() });

/** To be called at the top of a test file: modules are loaded once for many files, and would do it for the first only. */
export function openForEachTest(): void {
  beforeEach(async () => {
    db = await createTestDatabase();
    cleanups.add(() => db.close());
    transact = toTransact(db);
    await seedCamera(db, 'yard');
  });
  afterEach(cleanups.run);
}

/** A closed event, seen at this second, that came in just now. */
export async function closeEvent(second = 0): Promise<string> {
  const capturedAt = seedTime(second);
  const frameId = await seedFrame(db, { cameraId: 'yard', capturedAt });
  const eventId = await seedEvent(db, { cameraId: 'yard', bestFrameId: frameId, startedAt: capturedAt });
  await seedDetection(db, { frameId, eventId, cameraId: 'yard', capturedAt });
  await db.query((sql) => sql`update events set analysis_due_at = now() - interval '1 s', last_received_at = now() where id = ${eventId}`); // prettier-ignore
  return eventId;
}
export function startWorker(analyst: Analyst, nowMs = clock.nowMs): AnalysisWorker {
  const time = { ...clock, nowMs };
  const worker = createAnalysisWorker({ db, transact, rules, analyst, ageMaxMs: DAY_MS, clock: time, log, newId });
  cleanups.add(() => worker.close());
  return worker;
}
export interface Seen {
  readonly state: string;
  readonly analyzer: string;
  readonly riskScore: number;
  readonly riskLevel: string;
  readonly analysisDueAt: Date | null;
  readonly analysisAttempts: number;
  readonly analysisLeaseId: string | null;
}
export async function read(id: string): Promise<Seen> {
  const [row] = await db.query((sql) => sql<Seen[]>`select * from events where id = ${id}`);
  if (!row) throw new Error('the event is there');
  return row;
}
export const claim = (count = 10) => db.query((sql) => claimDue(sql, count, DAY_MS));
export async function claimOne(): Promise<Claim> {
  const [one] = await claim(1);
  if (!one) throw new Error('an event is due');
  return one;
}
export const store = (one: Claim, verdict: Verdict) =>
  transact((tx, say) => storeVerdict(tx, say, { claim: one, verdict }, options()));
export const makeDue = () => db.query((sql) => sql`update events set analysis_due_at = now() - interval '1 s'`);
export const readAnalyses = () =>
  db.query((sql) => sql<{ eventId: string; analyzer: string; outcome: string; errorKind: string | null; riskScore: number | null }[]>`
    select * from analyses order by requested_at, id`); // prettier-ignore
export const told = async () =>
  (await readAfter(db, 0, 1_000)).flatMap(({ type, data }) => type === 'event.analyzed' ? [[data.analyzer, data.risk_score]] : []); // prettier-ignore
