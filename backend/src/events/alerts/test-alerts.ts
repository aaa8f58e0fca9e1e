/** What the tests of this folder share: a database for each file, emptied for each test, rules by hand, frames by the real queue. */
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import { createCleanups } from '../../../tests/harness/cleanups.ts';
import { createTestDatabase, type TestDatabase } from '../../../tests/harness/database.ts';
import { createTestQueue, toArrival, toTransact } from '../../../tests/harness/ledger.ts';
import { readAfter } from '../../broadcast/index.ts';
import type { Transact } from '../../db/index.ts';
import { systemClock as clock } from '../../lib/clock.ts';
import { newId } from '../../lib/id.ts';
import { silentLog as log } from '../../lib/log.ts';
import type { Alert, Rule } from '../../model/alert.ts';
import type { DetectedObject, LeasedFrame } from '../../model/index.ts';
import type { AlertWire } from '../../model/wire.ts';
import type { Queue } from '../../queue/index.ts';
import { createEventStore, type EventStore, type EventsOptions } from '../index.ts';

export const rules = {
  idleMs: 30_000,
  windowMs: 90_000,
  bands: { lowMax: 29, mediumMax: 59, highMax: 84 },
  timeZone: 'UTC',
};
/** A Monday. */
export const at = (second: number): Date => new Date(Date.UTC(2024, 5, 10, 12, 0, 0) + second * 1_000);
export const seen = (label: string, score = 0.9): DetectedObject => ({
  label,
  score,
  bbox: { x: 1, y: 2, width: 30, height: 60 },
});

const cleanups = createCleanups();
export let db: TestDatabase;
export let transact: Transact;
export let queue: Queue;

/** To be called at the top of a test file: modules are loaded once for many files, and would do it for the first only. */
export function openForEachTest(): void {
  beforeAll(async () => {
    db = await createTestDatabase();
    transact = toTransact(db);
    queue = await createTestQueue(db);
    for (const folder of ['yard', 'door']) await queue.resolveCamera(folder);
  });
  beforeEach(() => db.query((sql) => sql`truncate rules, zones, channels, events, frames, outbox cascade`));
  afterEach(cleanups.run);
  afterAll(async () => {
    await queue.close();
    await db.close();
  });
}

/** One that wants anything, but for what is given. */
export async function addRule(given: Partial<Rule> = {}): Promise<Rule> {
  const rule: Rule = {
    ...{
      id: newId(),
      name: 'Anything',
      enabled: true,
      labels: [],
      cameraIds: [],
      zoneIds: [],
      scoreMin: 0,
      riskMin: 0,
    },
    ...{ schedule: null, cooldownS: 0, channelIds: [], createdAt: at(0) },
    ...given,
  };
  await db.query(
    (sql) => sql`
      insert into rules (id, name, enabled, labels, camera_ids, zone_ids, score_min, risk_min, schedule, cooldown_s, channel_ids,
        created_at)
      values (${rule.id}, ${rule.name}, ${rule.enabled}, ${[...rule.labels]}, ${[...rule.cameraIds]}, ${[...rule.zoneIds]}::uuid[],
        ${rule.scoreMin}, ${rule.riskMin}, ${rule.schedule && JSON.stringify(rule.schedule)}::text::jsonb, ${rule.cooldownS},
        ${[...rule.channelIds]}::uuid[], ${rule.createdAt})`,
  );
  return rule;
}

export function openStore(options: Partial<EventsOptions> = {}): EventStore {
  const store = createEventStore({ transact, rules, clock, log, newId, complete: queue.complete, ...options });
  cleanups.add(() => store.close());
  return store;
}

export interface Shot {
  readonly second: number;
  readonly objects?: readonly DetectedObject[];
  readonly cameraId?: string;
}

/** Frames in the order of the shots, claimed. */
export async function lease(shots: readonly Shot[]): Promise<readonly LeasedFrame[]> {
  const order: (string | null)[] = [];
  for (const { second, cameraId = 'yard' } of shots) {
    const arrival = toArrival(cameraId, { capturedAt: at(second) });
    order.push(arrival.sha256);
    await queue.record(arrival);
  }
  const frames = await queue.claim(shots.length);
  return order.flatMap((sha256) => frames.find((frame) => frame.sha256 === sha256) ?? []);
}

/** Records, examines and stores: in one transaction, as far as the store takes them together. */
export async function shoot(shots: readonly Shot[], store = openStore()): Promise<void> {
  const frames = await lease(shots);
  const examined = frames.map((frame, index) => ({ frame, objects: shots[index]?.objects ?? [seen('person')], model: 'test' })); // prettier-ignore
  await Promise.all(examined.map((one) => store.store(one)));
}

export const readAlerts = () => db.query((sql) => sql<Alert[]>`select * from alerts order by captured_at, id`);
export const secondsOf = (alerts: readonly Alert[]): readonly number[] =>
  alerts.map(({ capturedAt }) => (capturedAt.getTime() - at(0).getTime()) / 1_000);
export async function toldOf(type: 'alert.created' | 'alert.updated'): Promise<readonly AlertWire[]> {
  const messages = await readAfter(db, 0, 10_000);
  return messages.flatMap((message) => (message.type === type ? [message.data] : []));
}
