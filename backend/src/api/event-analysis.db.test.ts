import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { eventually } from '../../tests/harness/eventually.ts';
import { createTestDatabase, type TestDatabase } from '../../tests/harness/database.ts';
import { newId } from '../lib/id.ts';
import { DUE_CHANNEL } from '../model/analysis.ts';
import { analysisSchema, eventSchema } from '../model/wire.ts';
import { pageOf } from './pagination.ts';
import { seedCamera, seedEvent, seedFrame, seedTime } from './tests/seed.ts';
import { startTestApi, type TestApi } from './tests/test-api.ts';

const pageSchema = pageOf(analysisSchema.strict()).strict();

let db: TestDatabase;
let api: TestApi;
let frameId: string;
let eventId: string;

beforeAll(async () => {
  db = await createTestDatabase();
  api = await startTestApi(db);
  await seedCamera(db, 'yard');
  frameId = await seedFrame(db, { cameraId: 'yard', capturedAt: seedTime(0) });
});
afterAll(async () => {
  await api.close();
  await db.close();
});
beforeEach(async () => {
  eventId = await seedEvent(db, { cameraId: 'yard', bestFrameId: frameId, startedAt: seedTime(0), state: 'analyzed' });
});

async function seedAnalysis(second: number, error: string | null = null): Promise<void> {
  const prompt = JSON.stringify([{ role: 'user', content: [{ type: 'text', text: 'x' }, { type: 'image', frame_id: frameId }] }]); // prettier-ignore
  await db.query(
    (sql) => sql`
      insert into analyses (id, event_id, requested_at, finished_at, analyzer, model, prompt, answer, outcome, error_kind,
        error_message, risk_score, duration_ms, tokens_in, tokens_out)
      values (${newId()}, ${eventId}, ${seedTime(second)}, ${seedTime(second + 2)}, 'llm', 'nemotron', ${prompt}::text::jsonb,
        'well', ${error ? 'error' : 'ok'}, ${error}, ${error && 'it failed'}, ${error ? null : 70}, 2000, 400, null)`,
  );
}

it('lists the analyses of an event, newest first, page by page', async () => {
  for (let second = 0; second < 5; second += 1) await seedAnalysis(second, second === 4 ? 'overloaded' : null);
  const page = pageSchema.parse(await api.get(`/api/events/${eventId}/analyses?limit=3&count=true`));
  expect(page.total).toBe(5);
  expect(page.items[0]).toMatchObject({
    event_id: eventId,
    outcome: 'error',
    error: { kind: 'overloaded', message: 'it failed' },
    risk_score: null,
  });
  expect(page.items[1]).toMatchObject({
    ...{ analyzer: 'llm', model: 'nemotron', answer: 'well', outcome: 'ok', error: null, risk_score: 70 },
    ...{ requested_at: seedTime(3).toISOString(), finished_at: seedTime(5).toISOString(), duration_ms: 2_000 },
    ...{ tokens_in: 400, tokens_out: null },
    prompt: [
      {
        role: 'user',
        content: [
          { type: 'text', text: 'x' },
          { type: 'image', frame_id: frameId },
        ],
      },
    ],
  });
  const rest = pageSchema.parse(
    await api.get(`/api/events/${eventId}/analyses?limit=3&cursor=${page.next_cursor ?? ''}`),
  );
  expect([...page.items, ...rest.items].map(({ requested_at: at }) => at)).toEqual([4, 3, 2, 1, 0].map((second) => seedTime(second).toISOString())); // prettier-ignore
  expect(rest.next_cursor).toBeNull();
});

it('shows a kind of error that it does not know as internal', async () => {
  await seedAnalysis(0, 'from_the_future');
  const page = pageSchema.parse(await api.get(`/api/events/${eventId}/analyses`));
  expect(page.items[0]?.error?.kind).toBe('internal');
});

it('marks an event as due, first in line, with all its attempts before it, and tells the analyzers', async () => {
  let heard = 0;
  const { unlisten } = await db.sql.listen(DUE_CHANNEL, () => (heard += 1));
  await db.query((sql) => sql`update events set analysis_attempts = 5 where id = ${eventId}`);
  const response = await api.send(`/api/events/${eventId}/analyze`, { method: 'POST' });
  expect(response.status).toBe(202);
  expect(eventSchema.strict().parse(await response.json())).toMatchObject({ id: eventId, state: 'analyzed' });
  expect(await db.query((sql) => sql`select * from events where id = ${eventId}`)).toMatchObject([
    { analysisRequested: true, analysisAttempts: 0, analysisDueAt: expect.any(Date) as Date },
  ]);
  await eventually(() => heard === 1, { what: 'the notice' });
  await unlisten();
});

it('refuses an event that is open', async () => {
  await db.query((sql) => sql`update events set state = 'open' where id = ${eventId}`);
  const response = await api.send(`/api/events/${eventId}/analyze`, { method: 'POST' });
  expect(response.status).toBe(409);
  expect(await response.json()).toMatchObject({ kind: 'conflict', detail: expect.stringContaining('open') as string });
});

it.each(['GET analyses', 'POST analyze'])('knows no other events: %s', async (route) => {
  const [method = '', path = ''] = route.split(' ');
  for (const id of [newId(), 'nonsense'])
    expect((await api.send(`/api/events/${id}/${path}`, { method })).status).toBe(404);
});

it.each(['GET analyses', 'POST analyze'])('needs a key: %s', async (route) => {
  const [method = '', path = ''] = route.split(' ');
  expect((await fetch(`${api.url}/api/events/${eventId}/${path}`, { method })).status).toBe(401);
});

it('refuses parameters that it does not know', async () => {
  expect((await api.send(`/api/events/${eventId}/analyses?state=ok`)).status).toBe(400);
});
