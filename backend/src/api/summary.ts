import { sql, type SQL } from 'drizzle-orm';
import type { Orm } from '../db/index.ts';
import { eventStates, frameStates, riskLevels } from '../model/index.ts';
import type { ApiOptions } from './options.ts';
import type { Summary } from './stats.ts';

/** One group of rows: how many of them there are, and how many of today. */
interface Group extends Record<string, unknown> {
  readonly key: string;
  readonly total: number;
  readonly today: number;
}

interface EventGroup extends Group {
  readonly risk_level: string;
  readonly unreviewed: number;
}

type SummaryOptions = Pick<ApiOptions, 'db' | 'clock' | 'timeZone'>;

/** Counts of everything kept. One pass over each table: rollups come when tables are too long for that. */
export async function readSummary({ db, clock, timeZone }: SummaryOptions): Promise<Summary> {
  const now = new Date(clock.nowMs()).toISOString();
  const today = sql`date_trunc('day', ${now}::timestamptz, ${timeZone})`;
  return db.read(async (orm) => ({
    cameras: await readCameras(orm),
    frames: await readStates(orm, 'frames'),
    clips: await readStates(orm, 'clips'),
    detections: await readDetections(orm, today),
    events: await readEvents(orm, today),
  }));
}

async function readCameras(orm: Orm): Promise<Summary['cameras']> {
  const groups = await orm.execute<Group>(sql`
    select status as key, count(*) as total from cameras where deleted_at is null group by status`);
  return { total: sum(groups, 'total'), ...byKey(groups, ['online', 'offline', 'unknown']) };
}

async function readStates(orm: Orm, table: 'frames' | 'clips'): Promise<Summary['frames']> {
  const groups = await orm.execute<Group>(
    sql`select state as key, count(*) as total from ${sql.identifier(table)} group by state`,
  );
  return { total: sum(groups, 'total'), by_state: byKey(groups, frameStates) };
}

async function readDetections(orm: Orm, today: SQL): Promise<Summary['detections']> {
  const groups = await orm.execute<Group>(sql`
    select label as key, count(*) as total, count(*) filter (where captured_at >= ${today}) as today
    from detections group by label order by label`);
  return {
    total: sum(groups, 'total'),
    today: sum(groups, 'today'),
    by_label: Object.fromEntries(groups.map(({ key, total, today: ofToday }) => [key, { total, today: ofToday }])),
  };
}

async function readEvents(orm: Orm, today: SQL): Promise<Summary['events']> {
  const groups = await orm.execute<EventGroup>(sql`
    select state as key, risk_level, count(*) as total, count(*) filter (where started_at >= ${today}) as today,
      count(*) filter (where not reviewed) as unreviewed
    from events group by state, risk_level`);
  return {
    total: sum(groups, 'total'),
    today: sum(groups, 'today'),
    unreviewed: groups.reduce((total, { unreviewed }) => total + unreviewed, 0),
    by_state: byKey(groups, eventStates),
    by_risk_level: byKey(
      groups.map((group) => ({ ...group, key: group.risk_level })),
      riskLevels,
    ),
  };
}

const sum = (groups: readonly Group[], column: 'total' | 'today'): number =>
  groups.reduce((total, group) => total + group[column], 0);

/** A count for every key, 0 where there are no rows. */
function byKey<Key extends string>(groups: readonly Group[], keys: readonly Key[]): Record<Key, number> {
  const count = (key: Key): number =>
    sum(
      groups.filter((group) => group.key === key),
      'total',
    );
  return Object.fromEntries(keys.map((key) => [key, count(key)])) as Record<Key, number>;
}
