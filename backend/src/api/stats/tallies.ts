/**
 * Reading what the triggers of migration 0005 keep: what was added up so far, and what is yet to be added, in one statement. So
 * the figures are exact at every moment, and no writer waits for another.
 */
import { sql, type SQL } from 'drizzle-orm';
import { toArrayText } from '../../db/array-types.ts';
import type { Orm } from '../../db/index.ts';

/** What the kind of a tally ends with that is of a whole hour of UTC, and not of a quarter. */
export const HOURLY = '.h';

export interface Tally extends Record<string, unknown> {
  readonly kind: string;
  readonly key: string;
  readonly count: number;
}

export interface TallyQuestion {
  readonly kinds: readonly string[];
  /** Null for all. */
  readonly cameraIds: readonly string[] | null;
  /** Read hours where quarters are not needed: a quarter of the rows. */
  readonly isHourly?: boolean;
}

/** Of all times, by kind and key. */
export async function readTallies(orm: Orm, asked: TallyQuestion): Promise<readonly Tally[]> {
  return orm.execute<Tally>(sql`
    select kind, key, sum(count)::bigint as count from (${rows(asked, sql`bucket = '-infinity'`, sql`true`)}) as told
    group by kind, key having sum(count) <> 0 order by kind, key`);
}

/** From `since` on, by kind and key; `since` is a quarter of an hour, as midnight is anywhere. */
export async function readTalliesSince(orm: Orm, asked: TallyQuestion, since: SQL): Promise<readonly Tally[]> {
  const inTime = sql`bucket >= ${since}`;
  return orm.execute<Tally>(sql`
    select kind, key, sum(count)::bigint as count from (${rows(asked, inTime, inTime)}) as told
    group by kind, key having sum(count) <> 0 order by kind, key`);
}

/** Both tables; a delta counts for its quarter and for all times alike. */
export function rows({ kinds, cameraIds, isHourly = false }: TallyQuestion, inTallies: SQL, inDeltas: SQL): SQL {
  const ofKinds = (ending: string): SQL => sql`kind = any(${toArrayText(kinds.map((kind) => kind + ending))}::text[])`;
  const hourly = isHourly ? HOURLY : '';
  const cameras = sql`${toArrayText(cameraIds ?? [''])}::text[]`;
  const ofCameras = cameraIds === null ? sql`true` : sql`camera_id = any(${cameras})`;
  return sql`
    select left(kind, length(kind) - ${hourly.length}::int) as kind, key, bucket, count from tallies where ${ofKinds(hourly)} and camera_id = any(${cameras}) and ${inTallies}
    union all
    select kind, key, bucket, count from tally_deltas where ${ofKinds('')} and ${ofCameras} and ${inDeltas}`;
}

export const sumOf = (tallies: readonly Tally[]): number => tallies.reduce((sum, { count }) => sum + count, 0);

export const ofKind = (tallies: readonly Tally[], kind: string): readonly Tally[] =>
  tallies.filter((tally) => tally.kind === kind);
