import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eq } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/postgres-js';
import { createTestDatabase, type TestDatabase } from '../../tests/harness/database.ts';
import { connect, tables, type Orm } from '../db/index.ts';
import { newId } from '../lib/id.ts';
import { frameSchema } from '../model/wire.ts';
import { detectionsWhere } from './detections.ts';
import { framesWhere } from './frames.ts';
import { formatCursor, pageOf, readPage } from './pagination.ts';
import { seedCamera, seedFrame, seedTime } from './tests/seed.ts';
import { startTestApi, type TestApi } from './tests/test-api.ts';

const ROWS = 500;
const page = pageOf(frameSchema);

let db: TestDatabase;
let api: TestApi;
beforeAll(async () => {
  db = await createTestDatabase();
  api = await startTestApi(db);
  await seedCamera(db, 'yard');
  // Five frames of each second: most pages begin and end among equals.
  await db.query(
    (sql) => sql`
      insert into frames (id, camera_id, state, source_name, sha256, media_type, media_path, width, height, bytes, captured_at, processed_at)
      select gen_random_uuid(), 'yard', 'done', 'a.jpg', encode(sha256(n::text::bytea), 'hex'), 'image/jpeg', 'a', 640, 480, 1,
        ${seedTime(0)}::timestamptz + (n / 5) * interval '1 second', now()
      from generate_series(1, ${ROWS}) n`,
  );
});
afterAll(async () => {
  await api.close();
  await db.close();
});

test.each([7, 50, 200])('in pages of %d every row comes once, while newer and older rows arrive', async (limit) => {
  const before = new Set((await db.query((sql) => sql<{ id: string }[]>`select id from frames`)).map(({ id }) => id));
  const seen: string[] = [];
  let cursor: string | null = null;
  do {
    const query: string = cursor === null ? '' : `&cursor=${cursor}`;
    const { items, next_cursor } = page.parse(await api.get(`/api/frames?limit=${limit}${query}`));
    seen.push(...items.map(({ id }) => id));
    cursor = next_cursor;
    // Newer than all: must not be seen. Somewhere in the middle: may be seen, but must not disturb the rest.
    await seedFrame(db, { cameraId: 'yard', capturedAt: seedTime(10_000 + seen.length) });
    await seedFrame(db, { cameraId: 'yard', capturedAt: seedTime(50) });
  } while (cursor !== null);
  expect(new Set(seen).size).toBe(seen.length);
  expect([...before].filter((id) => !seen.includes(id))).toEqual([]);
});

describe('the statement of a page, deep down', () => {
  const cursor = formatCursor({ atMs: seedTime(20).getTime(), id: newId() });
  const { frames, detections } = tables;

  /** The plan of the very statement that `read` sends, without PostgreSQL's taste for scans of small tables. */
  async function explain(read: (orm: Orm) => Promise<unknown>): Promise<string> {
    const sql = connect(db.target, { max: 1, connection: { enable_seqscan: 'off', enable_bitmapscan: 'off' } });
    const sent: { query: string; params: unknown[] }[] = [];
    const logger = { logQuery: (query: string, params: unknown[]) => void sent.push({ query, params }) };
    await read(drizzle(sql, { schema: tables, logger }));
    const [{ query, params } = { query: '', params: [] }] = sent;
    const rows = await sql.unsafe<Record<string, string>[]>(`explain (costs off) ${query}`, params as string[]);
    await sql.end();
    return rows.flatMap((row) => Object.values(row)).join('\n');
  }

  test.each<[string, string, (orm: Orm) => Promise<unknown>]>([
    ['frames', 'frames_newest', (orm) => readPage(orm, framesWhere([]), deep)],
    ['frames of a camera', 'frames_camera_newest', (orm) => readPage(orm, framesWhere([eq(frames.cameraId, 'yard')]), deep)],
    ['frames of a state', 'frames_state_newest', (orm) => readPage(orm, framesWhere([eq(frames.state, 'done')]), deep)],
    ['detections', 'detections_newest', (orm) => readPage(orm, detectionsWhere([]), deep)],
    ['detections of a label', 'detections_label_newest', (orm) => readPage(orm, detectionsWhere([eq(detections.label, 'car')]), deep)],
  ])('of %s walks along %s from the cursor, without sorting', async (_what, index, read) => {
    const plan = await explain(read);
    expect(plan).toMatch(new RegExp(`using ${index}\\b`));
    expect(plan).toMatch(/Index Cond: .*ROW\(captured_at, id\) < ROW/);
    expect(plan).not.toContain('Sort');
  }); // prettier-ignore
  const deep = { limit: 50, count: false, cursor };
});
