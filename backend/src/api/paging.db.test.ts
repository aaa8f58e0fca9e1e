import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../tests/harness/database.ts';
import { frameSchema } from '../model/wire.ts';
import { pageOf } from './pagination.ts';
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
