import { test } from 'vitest';
import { createTestDatabase } from '../../tests/harness/database.ts';
import { startTestApi } from './tests/test-api.ts';
import { seedCamera, seedTime } from './tests/seed.ts';
import { percentile } from '../lib/latency.ts';
test('measure', { timeout: 300_000 }, async () => {
  const db = await createTestDatabase();
  const api = await startTestApi(db);
  await seedCamera(db, 'yard');
  await db.query((sql) => sql`
      insert into frames (id, camera_id, state, source_name, sha256, media_type, media_path, width, height, bytes, captured_at, processed_at)
      select gen_random_uuid(), 'yard', 'done', 'a.jpg', encode(sha256(n::text::bytea), 'hex'), 'image/jpeg', 'a', 640, 480, 1,
        ${seedTime(0)}::timestamptz + n * interval '1 second', now() from generate_series(1, 300000) n`);
  await db.query((sql) => sql`analyze`);
  const deepRow = (await db.query((sql) => sql`select id, captured_at from frames order by captured_at offset 1000 limit 1`))[0] as any;
  const cursor = Buffer.from(`${deepRow.capturedAt.getTime()}~${deepRow.id}`).toString('base64url');
  const out: string[] = [];
  for (const [name, path, n] of [['health', '/health', 2000], ['first', '/api/frames', 500], ['deep', `/api/frames?cursor=${cursor}`, 500], ['deep camera', `/api/frames?camera_id=yard&state=done&cursor=${cursor}`, 500], ['summary', '/api/stats/summary', 20], ['count', '/api/frames?count=true&limit=1', 20]] as const) {
    const t: number[] = [];
    for (let i = 0; i < n; i++) { const a = performance.now(); await (await api.send(path)).text(); t.push(performance.now() - a); }
    t.sort((a, b) => a - b);
    out.push(`${name}: p50 ${percentile(t, 0.5)?.toFixed(2)} p99 ${percentile(t, 0.99)?.toFixed(2)} ms`);
  }
  console.log(out.join('\n'));
  await api.close(); await db.close();
});
