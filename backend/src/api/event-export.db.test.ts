import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../tests/harness/database.ts';
import { eventually } from '../../tests/harness/eventually.ts';
import type { Database } from '../db/index.ts';
import { eventSchema } from '../model/wire.ts';
import { seedCamera, seedEvent, seedFrame, seedTime } from './tests/seed.ts';
import { seesOnly } from './tests/limited.ts';
import { startTestApi, TEST_KEY, type TestApi } from './tests/test-api.ts';

const MANY = 8_000;
const LINE_CHARS = 4_000;

let db: TestDatabase;
let api: TestApi;
/** Statements that the API sent to read. */
let reads = 0;
beforeAll(async () => {
  db = await createTestDatabase();
  const counted: Database = {
    ...db,
    read: (use) => {
      reads += 1;
      return db.read(use);
    },
  };
  api = await startTestApi(counted, { clock: { nowMs: () => seedTime(0).getTime(), sleep: async () => undefined } });
  for (const id of ['yard', 'gate', 'long']) await seedCamera(db, id);
  for (const [index, summary] of ['=HYPERLINK("http://evil")', '+1', '-1', '@x', '\tx', '\rx', "x;=cmd|'/C calc'!A0;y", 'plain, "quoted"\nand broken'].entries())
    await seedOne('yard', index, summary);
  await seedOne('gate', 50, 'A fox.');
  await seedMany();
}); // prettier-ignore
afterAll(async () => {
  await api.close();
  await db.close();
});

async function seedOne(cameraId: string, second: number, summary: string): Promise<void> {
  const startedAt = seedTime(second);
  const bestFrameId = await seedFrame(db, { cameraId, capturedAt: startedAt });
  const id = await seedEvent(db, { cameraId, bestFrameId, startedAt });
  await db.query((sql) => sql`update events set summary = ${summary} where id = ${id}`);
}

/** All of one frame; long lines, so that what is held in memory would show. */
async function seedMany(): Promise<void> {
  const frameId = await seedFrame(db, { cameraId: 'long', capturedAt: seedTime(100) });
  await db.query(
    (sql) => sql`
      insert into events (id, camera_id, state, started_at, ended_at, last_received_at, labels, detection_count, frame_count, best_frame_id,
        best_score, risk_score, risk_level, summary, reasoning, analyzer)
      select gen_random_uuid(), 'long', 'closed', at, at, at, '{"cat": 1}', 1, 1, ${frameId}, 0.9, 20, 'low', 'A cat.', repeat('x', ${LINE_CHARS}), 'rules'
      from generate_series(1, ${MANY}) as n cross join lateral (select ${seedTime(100)}::timestamptz + n * interval '1 ms' as at) as moment`,
  );
}

const fetchText = async (query: string, from = api): Promise<string> => {
  const response = await from.send(`/api/events/export?${query}`);
  expect(response.status).toBe(200);
  return response.text();
};

describe('an export', () => {
  test('is a file of its format, with a name', async () => {
    const csv = await api.send('/api/events/export?camera_id=gate');
    expect(csv.headers.get('content-type')).toBe('text/csv; charset=utf-8');
    expect(csv.headers.get('content-disposition')).toBe('attachment; filename="nightjar-events-2025-06-01.csv"');
    const [head, line, end] = (await csv.text()).split('\r\n');
    expect(head).toBe(
      Object.keys(eventSchema.shape)
        .map((name) => `"${name}"`)
        .join(','),
    );
    expect(line).toContain(',"gate","closed","2025-06-01T12:00:50.000Z",');
    expect(line).toContain('"{""person"":1}"');
    expect(end).toBe('');
    const ndjson = await api.send('/api/events/export?camera_id=gate&format=ndjson');
    expect(ndjson.headers.get('content-type')).toBe('application/x-ndjson');
    const listed = (await api.get('/api/events?camera_id=gate')) as { items: unknown[] };
    expect(JSON.parse(await ndjson.text())).toEqual(listed.items[0]);
  });

  test('holds no cell that a spreadsheet would compute', async () => {
    const csv = await fetchText('camera_id=yard');
    for (const cell of [`'=HYPERLINK(""http://evil"")`, `'+1`, `'-1`, `'@x`, `'\tx`, `'\rx`, `x;'=cmd|'/C calc'!A0;y`, `plain, ""quoted""\nand broken`])
      expect(csv).toContain(`,"${cell}",`);
  }); // prettier-ignore

  test('has the filters of the list', async () => {
    const lines = async (query: string): Promise<number> =>
      (await fetchText(`format=ndjson&${query}`)).split('\n').length - 1;
    expect(await lines('camera_id=yard')).toBe(8);
    expect(await lines('q=fox')).toBe(1);
    expect(await lines('label=person')).toBe(9);
    expect(await lines('risk_level=critical')).toBe(0);
    expect(await lines(`until=${seedTime(50).toISOString()}`)).toBe(8);
    expect((await api.send('/api/events/export?format=xml')).status).toBe(400);
    expect((await api.send('/api/events/export?limit=1')).status).toBe(400);
  });

  test('has every event once, however many', async () => {
    const lines = (await fetchText('format=ndjson&camera_id=long')).trimEnd().split('\n');
    const ids = new Set(lines.map((line) => (JSON.parse(line) as { id: string }).id));
    expect([lines.length, ids.size]).toEqual([MANY, MANY]);
  });

  test('shows nothing of cameras that may not be seen', async () => {
    const limited = await startTestApi(db, { authenticator: seesOnly(['gate']) });
    expect((await fetchText('format=ndjson', limited)).split('\n')).toHaveLength(2);
    expect(await fetchText('format=ndjson&camera_id=yard', limited)).toBe('');
    await limited.close();
  });

  test('ends when its key may not stay: with a broken connection, and no piece more', async () => {
    let reason: string | null = null;
    const revoked = await startTestApi(db, { authenticator: { ...seesOnly(['long']), reasonToLeave: () => reason } });
    const response = await revoked.send('/api/events/export?format=ndjson');
    const reader = response.body?.getReader();
    expect(await reader?.read()).toMatchObject({ done: false });
    reason = 'the key was revoked';
    const drain = async (): Promise<void> => {
      while ((await reader?.read())?.done === false);
    };
    await expect(drain()).rejects.toThrow('terminated');
    await revoked.close();
  });

  test('is read as fast as it is taken, and no further when nobody is there', async () => {
    reads = 0;
    const sent = request(`${api.url}/api/events/export?format=ndjson&camera_id=long`, {
      headers: { 'X-API-Key': TEST_KEY },
    });
    sent.end();
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    response.pause();
    // What fits into the sockets between us is read; then it stands still, far from the end.
    const still = await eventually(createStillness(), { what: 'the export to stand still', withinMs: 30_000 });
    expect(still).toBeLessThan(MANY / 200);
    response.destroy();
    const after = await eventually(createStillness(), { what: 'the reading to stop', withinMs: 30_000 });
    expect(after).toBeLessThanOrEqual(still + 2);
  });
});

const STILL_MS = 400;

/** A look for `eventually`: the number of reads, once it has not changed for a while. */
function createStillness(): () => number | undefined {
  let seen = { reads: -1, sinceMs: 0 };
  return () => {
    if (seen.reads !== reads) seen = { reads, sinceMs: performance.now() };
    return performance.now() - seen.sinceMs > STILL_MS ? reads : undefined;
  };
}
