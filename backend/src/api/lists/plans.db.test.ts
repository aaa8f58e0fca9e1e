/** That the cost of a page does not grow: each list, with each filter, by PostgreSQL's own plan of the very statements sent. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { drizzle } from 'drizzle-orm/postgres-js';
import { z } from 'zod';
import { createTestDatabase, type TestDatabase } from '../../../tests/harness/database.ts';
import { NEWEST, seedLists } from '../../../../benchmarks/lists-seed.ts';
import { connect, tables, type Orm, type Sql } from '../../db/index.ts';
import { newId } from '../../lib/id.ts';
import { formatCursor } from '../pagination.ts';
import { startTestApi } from '../tests/test-api.ts';
import { readAlerts } from './alert-list.ts';
import { readDetections } from './detection-list.ts';
import { readEvents } from './event-list.ts';
import { readClips, readFrames, readFramesOf } from './ledger-list.ts';

const EVENTS = 10_000;
const CLIPS = 3_000;
const CHANGES = 2_400;
const CHANNEL = newId();
/** Far above what a page sorts or looks at, far below what a scan would. */
const SORTED_ROWS_MAX = 2_500;
/** A row for each camera, what is not added up yet, and the catalogs of PostgreSQL. */
const SMALL = /^(cameras|tally_deltas|tallies|pg_.*)$/;

let db: TestDatabase;
let sql: Sql;
beforeAll(async () => {
  db = await createTestDatabase();
  sql = connect(db.target, { max: 1 });
  await seedLists(sql, EVENTS);
  await sql`
    insert into clips (id, camera_id, state, source_name, sha256, media_type, media_path, bytes, captured_at, captured_from, processed_at,
      error_kind, error_message)
    select gen_random_uuid(), 'cam' || n % 12, case when n % 5 = 0 then 'dead' else 'done' end, 'a.mp4', encode(sha256(n::text::bytea), 'hex'), 'video/mp4', 'a', 1,
      ${NEWEST}::timestamptz - n * interval '1 hour', 'name', now(), 'invalid', 'junk' from generate_series(1, ${CLIPS}::int) as n`;
  // In no order on disk, so that to skip what does not fit is not as cheap as it is in so small a table that lies in order.
  await sql`
    insert into alerts (id, rule_name, event_id, camera_id, frame_id, captured_at, created_at, label, score, zone_ids, risk_score, risk_level, summary,
      acknowledged_at, acknowledged_by)
    select gen_random_uuid(), 'a rule', id, camera_id, best_frame_id, started_at, started_at, 'person', 0.9, '{}', risk_score, risk_level, summary,
      case when reviewed then started_at end, case when reviewed then 'somebody' end from events order by md5(id::text)`;
  await sql`
    insert into audit (id, at, actor_id, actor_name, actor_role, via, action, target_id)
    select gen_random_uuid(), ${NEWEST}::timestamptz - n * interval '1 hour', 'actor' || n % 12, 'a key', 'admin', 'key', 'camera.' || n % 5, 'cam' || n % 12
    from generate_series(1, ${CHANGES}::int) as n order by md5(n::text)`;
  await sql`insert into channels (id, name, kind, settings) values (${CHANNEL}, 'ours', 'ntfy', '{}'), (${newId()}, 'other', 'ntfy', '{}')`;
  await sql`
    insert into deliveries (id, channel_id, payload, state, created_at, delivered_at)
    select gen_random_uuid(), channels.id, '{}', 'done', ${NEWEST}::timestamptz - n * interval '1 hour', now() from generate_series(1, ${CHANGES}::int) as n cross join channels`;
  for (const table of ['clips', 'alerts', 'audit', 'deliveries']) await sql.unsafe(`vacuum (analyze) ${table}`);
});
afterAll(async () => {
  await sql.end();
  await db.close();
});

interface Plan {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Index Name'?: string;
  readonly 'Actual Rows': number;
  readonly 'Actual Loops': number;
  readonly Plans?: readonly Plan[];
}
const planSchema = z.looseObject({}).transform((plan) => plan as unknown as Plan);

/** Runs it, and explains every statement that it sent. */
async function explain(read: (orm: Orm) => Promise<unknown>): Promise<readonly Plan[]> {
  const sent: { query: string; params: unknown[] }[] = [];
  const own = connect(db.target, { max: 1, transform: {} });
  const logger = { logQuery: (query: string, params: unknown[]) => void sent.push({ query, params }) };
  await read(drizzle(own, { schema: tables, logger }));
  const plans: Plan[] = [];
  for (const { query, params } of sent.filter(({ query: text }) => !text.startsWith('explain'))) {
    const [row] = await own.unsafe<{ 'QUERY PLAN': [{ Plan: unknown }] }[]>(`explain (analyze, format json) ${query}`, params as string[]); // prettier-ignore
    plans.push(...flatten(planSchema.parse(row?.['QUERY PLAN'][0].Plan)));
  }
  await own.end();
  return plans;
}

const flatten = (plan: Plan): readonly Plan[] => [plan, ...(plan.Plans ?? []).flatMap(flatten)];

const cursor = formatCursor({ atMs: NEWEST.getTime() - 45 * 86_400_000, id: newId() });
const page = { limit: 50, count: false, cursor };
const all = { cameraIds: null };
const one = { cameraIds: ['cam3'] };
const some = { cameraIds: ['cam3', 'cam8', 'cam11'] };
const half = { cameraIds: [0, 1, 2, 3, 4, 5].map((n) => `cam${n}`) };
const since = new Date(NEWEST.getTime() - 60 * 86_400_000);
const events = (filters: object) => (orm: Orm) => readEvents(orm, { ...all, ...filters }, page);
const detections = (filters: object) => (orm: Orm) => readDetections(orm, { ...all, ...filters }, page);
const frames = (filters: object) => (orm: Orm) => readFrames(orm, { ...all, ...filters }, page);
const clips = (filters: object) => (orm: Orm) => readClips(orm, { ...all, ...filters }, page);
const alerts = (filters: object) => (orm: Orm) => readAlerts(orm, { ...all, ...filters }, page);
const framesOf = (column: 'eventId' | 'clipId') => (orm: Orm) => readFramesOf(orm, { column: tables.frames[column], id: newId() }, page); // prettier-ignore

/** As the route itself reads it. */
const asRoute = (path: string) => async (orm: Orm) => {
  const api = await startTestApi({ ...db, read: (use) => use(orm) });
  await api.get(`${path}${path.includes('?') ? '&' : '?'}cursor=${cursor}`).finally(() => api.close());
};

describe('a page, deep down', () => {
  test.each<[string, string, (orm: Orm) => Promise<unknown>]>([
    ['events', 'events_newest', events({})],
    ['events since', 'events_newest', events({ since })],
    ['events of a camera', 'events_camera_newest', events(one)],
    ['events of some cameras', 'events_camera_newest', events(some)],
    ['events of a state', 'events_facets_newest', events({ state: 'analyzed' })],
    ['events of a risk', 'events_facets_newest', events({ riskLevel: 'high' })],
    ['events unreviewed', 'events_facets_newest', events({ reviewed: false })],
    ['events unreviewed, of some cameras', 'events_camera_facets_newest', events({ ...some, reviewed: false })],
    ['events of a label', 'event_labels_newest', events({ label: 'dog' })],
    ['events of a label and a camera', 'event_labels_camera_newest', events({ ...one, label: 'dog', riskLevel: 'low' })],
    ['events with a word that many have', 'events_newest', events({ q: 'person' })],
    ['events with a word and a state that many have', 'events_newest', events({ q: 'person', state: 'analyzed' })],
    ['events with a word and a state, of half of the cameras', 'events_camera_newest', events({ ...half, q: 'person', state: 'analyzed' })],
    ['events with a word and a rare risk', 'events_facets_newest', events({ q: 'person', riskLevel: 'critical' })],
    ['events with a word, of a camera', 'events_search', events({ ...one, q: 'parcel' })],
    ['detections', 'detections_newest', detections({})],
    ['detections of a camera', 'detections_camera_newest', detections(one)],
    ['detections of a label', 'detections_label_newest', detections({ label: 'car' })],
    ['detections of a label, of some cameras', 'detections_camera_label_newest', detections({ ...some, label: 'car' })],
    ['detections that are sure', 'detections_newest', detections({ scoreMin: 0.95 })],
    ['detections of an event', 'detections_of_event', detections({ eventId: newId() })],
    ['frames', 'frames_newest', frames({})],
    ['frames of a camera', 'frames_camera_newest', frames(one)],
    ['frames of a state', 'frames_state_newest', frames({ state: 'dead' })],
    ['frames of a state, of some cameras', 'frames_camera_state_newest', frames({ ...some, state: 'done' })],
    ['frames of an event', 'frames_of_event', framesOf('eventId')],
    ['frames of a clip', 'frames_of_clip_newest', framesOf('clipId')],
    ['changes', 'audit_newest', asRoute('/api/audit')],
    ['changes by somebody', 'audit_actor_newest', asRoute('/api/audit?actor_id=actor1')],
    ['changes to something', 'audit_target_newest', asRoute('/api/audit?target_id=cam3')],
    ['deliveries of a channel', 'deliveries_channel_newest', asRoute(`/api/channels/${CHANNEL}/deliveries`)],
    ['dead deliveries of a channel', 'deliveries_channel_newest', asRoute(`/api/channels/${CHANNEL}/deliveries?state=dead`)],
    ['alerts', 'alerts_newest', alerts({})],
    ['alerts of some cameras', 'alerts_camera_newest', alerts(some)],
    ['alerts that nobody has seen to', 'alerts_newest', alerts({ acknowledged: false })],
    ['alerts of an event', 'alerts_event', alerts({ eventId: newId() })],
    ['clips of a camera and a state', 'clips_camera_state_newest', clips({ ...one, state: 'dead' })],
  ])('of %s walks along %s, scans no table and sorts little', async (_what, index, read) => {
    const plans = await explain(read);
    expect(plans.map((plan) => plan['Index Name'])).toContain(index);
    const scans = plans.filter((plan) => plan['Node Type'] === 'Seq Scan').map((plan) => plan['Relation Name'] ?? '');
    expect(scans.filter((table) => !SMALL.test(table))).toEqual([]);
    const sorts = plans.filter((plan) => plan['Node Type'].includes('Sort'));
    expect(sorts.filter((plan) => plan['Actual Rows'] * plan['Actual Loops'] > SORTED_ROWS_MAX)).toEqual([]);
    const walked = plans.filter((plan) => plan['Index Name'] === index);
    expect(walked.filter((plan) => plan['Actual Rows'] * plan['Actual Loops'] > SORTED_ROWS_MAX)).toEqual([]);
  }); // prettier-ignore

  test.each<[string, string, (orm: Orm) => Promise<unknown>]>([
    ['detections that do not count', 'detections_newest', detections({ suppressed: true })],
    ['detections that do not count, of a camera', 'detections_camera_newest', detections({ ...one, suppressed: true })],
    ['sure detections of a label', 'detections_label_newest', detections({ label: 'dog', scoreMin: 0.9 })],
    ['alerts of a risk that nobody has seen to', 'alerts_newest', alerts({ riskLevel: 'low', acknowledged: false })],
    ['alerts of a rule, of some cameras', 'alerts_camera_newest', alerts({ ...some, ruleId: newId() })],
  ])('of %s looks at %s alone', async (_what, index, read) => {
    const walked = (await explain(read)).filter((plan) => plan['Index Name'] === index);
    expect(walked.map((plan) => plan['Node Type'])).toEqual(['Index Only Scan']);
  }); // prettier-ignore

  test('of events with a rare word that is not finished, of many, is found by the index of words at once', async () => {
    await sql`update events set notes = 'narwhal' where id = (select id from events order by started_at limit 1)`;
    // As of a house with 100 times as many events, of which the planner would say that 2 % have a word that begins so.
    await sql`update pg_class set reltuples = reltuples * 100 where relname = 'events'`;
    let found: unknown[] = [];
    const plans = await explain(async (orm) => {
      found = [...(await readEvents(orm, { ...all, q: 'narw' }, { limit: 50, count: false })).rows];
    });
    expect(plans.map((plan) => plan['Index Name'])).toContain('events_search');
    expect(found).toHaveLength(1);
    await sql`update pg_class set reltuples = reltuples / 100 where relname = 'events'`;
  });

  test('of events with a rare word, and one that many begin with, asks the index of words', async () => {
    const plans = await explain(events({ q: 'unicorn w' }));
    expect(plans.map((plan) => plan['Index Name'])).toContain('events_search');
  });
});
