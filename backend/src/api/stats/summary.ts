import { sql } from 'drizzle-orm';
import type { Orm } from '../../db/index.ts';
import { eventStates, frameStates, riskLevels } from '../../model/index.ts';
import { ofCameras } from '../lists/seen.ts';
import type { ApiOptions } from '../options.ts';
import type { Summary } from '../stats.ts';
import { tables } from '../../db/index.ts';
import { ofKind, readTallies, readTalliesSince, sumOf, type Tally } from './tallies.ts';

const KINDS = ['frame_state', 'clip_state', 'detection', 'suppressed', 'event_facets'];
const KINDS_OF_TODAY = ['detection', 'event'];

type SummaryOptions = Pick<ApiOptions, 'db' | 'clock' | 'timeZone'> & {
  /** Null for all. */
  readonly cameraIds: readonly string[] | null;
};

/** Counts of everything kept, from tallies: the same cost whatever there is. */
export async function readSummary({ db, clock, timeZone, cameraIds }: SummaryOptions): Promise<Summary> {
  const now = new Date(clock.nowMs()).toISOString();
  const midnight = sql`date_trunc('day', ${now}::timestamptz, ${timeZone})`;
  return db.read(async (orm) => {
    const all = await readTallies(orm, { kinds: KINDS, cameraIds });
    const today = await readTalliesSince(orm, { kinds: KINDS_OF_TODAY, cameraIds }, midnight);
    return {
      cameras: await readCameras(orm, cameraIds),
      frames: toStates(ofKind(all, 'frame_state')),
      clips: toStates(ofKind(all, 'clip_state')),
      detections: toDetections(all, ofKind(today, 'detection')),
      events: toEvents(ofKind(all, 'event_facets'), ofKind(today, 'event')),
    };
  });
}

/** A row for each camera, as many as there are cameras: these are counted. */
async function readCameras(orm: Orm, cameraIds: SummaryOptions['cameraIds']): Promise<Summary['cameras']> {
  const groups = await orm.execute<Tally>(sql`
    select 'camera' as kind, status as key, count(*) as count from cameras
    where deleted_at is null and ${ofCameras(tables.cameras.id, cameraIds) ?? sql`true`} group by status`);
  return { total: sumOf(groups), ...byKey(groups, ['online', 'offline', 'unknown']) };
}

const toStates = (groups: readonly Tally[]): Summary['frames'] => ({
  total: sumOf(groups),
  by_state: byKey(groups, frameStates),
});

function toDetections(all: readonly Tally[], today: readonly Tally[]): Summary['detections'] {
  const groups = ofKind(all, 'detection');
  const ofToday = new Map(today.map(({ key, count }) => [key, count]));
  return {
    total: sumOf(groups),
    today: sumOf(today),
    suppressed: sumOf(ofKind(all, 'suppressed')),
    by_label: Object.fromEntries(groups.map(({ key, count }) => [key, { total: count, today: ofToday.get(key) ?? 0 }])),
  };
}

/** The key of an event's facets: `risk/reviewed/state`. */
function toEvents(facets: readonly Tally[], today: readonly Tally[]): Summary['events'] {
  const part = (index: number): readonly Tally[] =>
    facets.map((tally) => ({ ...tally, key: tally.key.split('/')[index] ?? '' }));
  return {
    total: sumOf(facets),
    today: sumOf(today),
    unreviewed: byKey(part(1), ['f']).f,
    by_state: byKey(part(2), eventStates),
    by_risk_level: byKey(part(0), riskLevels),
  };
}

/** A count for every key, 0 where there are no rows. */
export function byKey<Key extends string>(groups: readonly Tally[], keys: readonly Key[]): Record<Key, number> {
  const count = (key: Key): number => sumOf(groups.filter((group) => group.key === key));
  return Object.fromEntries(keys.map((key) => [key, count(key)])) as Record<Key, number>;
}
