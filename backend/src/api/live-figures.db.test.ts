import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../tests/harness/database.ts';
import { firstIdAt, newId } from '../lib/id.ts';
import { readLiveFigures, toLiveStatus, type LiveFigures } from './live-figures.ts';
import { seedCamera, seedClip, seedDetection, seedEvent, seedFrame, seedTime } from './tests/seed.ts';

let db: TestDatabase;
let figures: LiveFigures;
beforeAll(async () => {
  db = await createTestDatabase();
  for (const camera of ['yard', 'door', 'gone']) await seedCamera(db, camera);
  await db.query((sql) => sql`update cameras set status = 'online' where id = 'yard'`);
  await db.query((sql) => sql`update cameras set deleted_at = now() where id = 'gone'`);
  for (const second of [1, 2, 3]) await seedFrame(db, { cameraId: 'yard', capturedAt: seedTime(second), state: 'pending' }); // prettier-ignore
  await seedFrame(db, { cameraId: 'door', capturedAt: seedTime(4), state: 'leased' });
  await seedFrame(db, { cameraId: 'gone', capturedAt: seedTime(5), state: 'dead' });
  await seedClip(db, { cameraId: 'door', capturedAt: seedTime(6), state: 'pending' });
  await seedExamined('yard', 30, 2);
  await seedExamined('door', 30, 1);
  figures = await readLiveFigures(db, Date.now());
});
afterAll(() => db.close());

/** Frames examined just now, each with so many detections. */
async function seedExamined(cameraId: string, frames: number, detections: number): Promise<void> {
  for (let second = 100; second < 100 + frames; second++) {
    const frameId = await seedFrame(db, { cameraId, capturedAt: seedTime(second) });
    const eventId = await seedEvent(db, { cameraId, bestFrameId: frameId, startedAt: seedTime(second) });
    for (let count = 0; count < detections; count++)
      await seedDetection(db, { frameId, eventId, cameraId, capturedAt: seedTime(second) });
    await db.query((sql) => sql`update frames set processed_at = now() where id = ${frameId}`);
  }
}

test('whoever may see all cameras gets the sum of all, those deleted included in the queue', () => {
  expect(toLiveStatus(figures, null)).toEqual({
    queue: {
      pending: 3,
      leased: 1,
      dead: 1,
      clips: { pending: 1, leased: 0, dead: 0 },
      oldest_pending_s: expect.closeTo((Date.now() - seedTime(1).getTime()) / 1_000, -2) as number,
    },
    cameras: { total: 2, online: 1, offline: 0, unknown: 1 },
    rates: { window_s: 60, frames_per_s: 1, detections_per_s: 1.5 },
  });
});

test('whoever may see some gets theirs, and nothing of the others', () => {
  expect(toLiveStatus(figures, ['door'])).toEqual({
    queue: { pending: 0, leased: 1, dead: 0, clips: { pending: 1, leased: 0, dead: 0 }, oldest_pending_s: null },
    cameras: { total: 1, online: 0, offline: 0, unknown: 1 },
    rates: { window_s: 60, frames_per_s: 0.5, detections_per_s: 0.5 },
  });
  const nothing = toLiveStatus([], []);
  expect(toLiveStatus(figures, [])).toEqual(nothing);
  expect(toLiveStatus(figures, ['never_there'])).toEqual(nothing);
});

test('what was done more than a minute ago is in no rate', async () => {
  await db.query((sql) => sql`update frames set processed_at = now() - interval '61 s' where state = 'done'`);
  const later = await readLiveFigures(db, Date.now() + 61_000);
  expect(toLiveStatus(later, null).rates).toEqual({ window_s: 60, frames_per_s: 0, detections_per_s: 0 });
});

test('the first id of a moment stands between those before and those after', () => {
  const at = Date.parse('2026-03-01T12:00:00.000Z');
  expect([newId(at + 1), firstIdAt(at), newId(at - 1), newId(at)].sort()[1]).toBe(firstIdAt(at));
});
