import { sql, type SQL } from 'drizzle-orm';
import { z } from '@hono/zod-openapi';
import { toArrayText } from '../../db/array-types.ts';
import type { Orm } from '../../db/index.ts';
import { NightjarError } from '../../lib/errors.ts';
import { groupBy } from '../../lib/group-by.ts';
import { riskLevels } from '../../model/index.ts';
import { toStorable } from '../route-parts.ts';
import { byKey } from './summary.ts';
import { ofKind, rows, sumOf, type Tally } from './tallies.ts';

export const timelineBuckets = ['hour', 'day'] as const;
export const BUCKETS_MAX = 1_000;
/** Hours (or quarters, where the zone needs them) of each camera: of each there is a row for every label. */
const CELLS_MAX = 150_000;
const KINDS = ['frame', 'detection', 'event', 'alert'];
/** Short enough to step into each bucket: a quarter into any hour, six hours into days of 23. */
const STEPS = { hour: '15 minutes', day: '6 hours' } as const;
const STEPS_PER_BUCKET = 4;
const BEYOND = { hour: '90 minutes', day: '36 hours' } as const;
const HOUR_MS = 3_600_000;
const QUARTER_MS = HOUR_MS / 4;
const SPAN_MS = { hour: 24 * 3_600_000, day: 30 * 86_400_000 } as const;

const count = z.int().min(0);
export const timelineSchema = z
  .object({
    bucket: z.enum(timelineBuckets),
    time_zone: z.string(),
    items: z.array(
      z.object({
        start: z.iso.datetime(),
        frames: count,
        detections: count,
        events: count,
        alerts: count,
        by_label: z.record(z.string(), count).openapi({ description: 'detections' }),
        by_risk_level: z.record(z.enum(riskLevels), count).openapi({ description: 'events' }),
      }),
    ),
  })
  .openapi('StatsTimeline');
export type Timeline = z.infer<typeof timelineSchema>;

export interface TimelineQuestion {
  readonly bucket: (typeof timelineBuckets)[number];
  readonly since?: Date | undefined;
  readonly until?: Date | undefined;
  /** Null for all. */
  readonly cameraIds: readonly string[] | null;
  readonly timeZone: string;
  readonly nowMs: number;
}

interface BucketTally extends Tally {
  /** The bucket's, from 1 on. */
  readonly place: number;
}

/**
 * Every bucket that any part of the time from `since` to `until` is in, as a whole. Throws `invalid` for too many, and where
 * a key that sees some cameras asks for too long a time of too many.
 */
export async function readTimeline(orm: Orm, asked: TimelineQuestion): Promise<Timeline> {
  const { bucket, timeZone } = asked;
  const until = asked.until ?? new Date(asked.nowMs + 1);
  const since = asked.since ?? new Date(toStorable(until.getTime() - SPAN_MS[bucket]));
  const borders = until > since ? await readBorders(orm, asked, { since, until }) : [];
  const tallies = borders.length > 0 ? await readBuckets(orm, asked, borders) : [];
  const byPlace = groupBy(tallies, ({ place }) => place);
  const items = borders.slice(0, -1).map((start, index) => toItem(start, byPlace.get(index + 1) ?? []));
  return { bucket, time_zone: timeZone, items };
}

/**
 * The starts of all buckets, and the end of the last. PostgreSQL knows days of 23 hours, and the hour that comes twice. At
 * either end of time a bucket is cut short: nothing is stored beyond.
 */
async function readBorders(
  orm: Orm,
  { bucket, timeZone }: Pick<TimelineQuestion, 'bucket' | 'timeZone'>,
  { since, until }: { readonly since: Date; readonly until: Date },
): Promise<readonly number[]> {
  const trunc = (at: SQL): SQL => sql`date_trunc(${bucket}, ${at}, ${timeZone})`;
  const first = trunc(sql`${since.toISOString()}::timestamptz`);
  const last = trunc(sql`${new Date(until.getTime() - 1).toISOString()}::timestamptz`);
  // Half as long again as any is: somewhere in the next one.
  const end = trunc(sql`${last} + ${BEYOND[bucket]}::interval`);
  const found = await orm.execute<{ border_ms: number }>(sql`
    select (extract(epoch from border) * 1000)::bigint as border_ms from (
      select distinct ${trunc(sql`step`)} as border from (
        select generate_series(${first}, ${last}, ${STEPS[bucket]}::interval) as step limit ${(BUCKETS_MAX + 2) * STEPS_PER_BUCKET}) as steps
      union select ${last} union select ${end}) as borders order by border`);
  if (found.length - 1 > BUCKETS_MAX) throw tooMany(bucket);
  return found.map(({ border_ms: borderMs }) => toStorable(borderMs));
}

/** Quarters find their bucket among the borders: a conversion of time zones for each would cost more than all the rest. */
const readBuckets = async (
  orm: Orm,
  { cameraIds }: TimelineQuestion,
  borders: readonly number[],
): Promise<readonly BucketTally[]> => {
  const times = borders.map((ms) => new Date(ms).toISOString());
  const isHourly = borders.every((ms) => ms % HOUR_MS === 0);
  assertFew(borders, { cameras: cameraIds?.length ?? 1, cellMs: isHourly ? HOUR_MS : QUARTER_MS });
  const inTime = sql`bucket >= ${times[0]}::timestamptz and bucket < ${times.at(-1)}::timestamptz`;
  return orm.execute<BucketTally>(sql`
    select kind, key, place, sum(count)::bigint as count from (
      select kind, key, count, width_bucket(bucket, ${toArrayText(times)}::timestamptz[]) as place
      from (${rows({ kinds: KINDS, cameraIds, isHourly }, inTime, inTime)}) as told) as placed
    group by 1, 2, 3 having sum(count) <> 0 order by 1, 2`);
};

function toItem(startMs: number, tallies: readonly BucketTally[]): Timeline['items'][number] {
  const sum = (kind: string): number => sumOf(ofKind(tallies, kind));
  return {
    start: new Date(startMs).toISOString(),
    frames: sum('frame'),
    detections: sum('detection'),
    events: sum('event'),
    alerts: sum('alert'),
    by_label: Object.fromEntries(ofKind(tallies, 'detection').map(({ key, count: seen }) => [key, seen])),
    by_risk_level: byKey(ofKind(tallies, 'event'), riskLevels),
  };
}

const tooMany = (bucket: string): NightjarError =>
  toUntilError(`must be at most ${BUCKETS_MAX} ${bucket}s after \`since\``);

/** Of all cameras together there are tallies of their own: that is one. */
function assertFew(borders: readonly number[], { cameras, cellMs }: { cameras: number; cellMs: number }): void {
  const spanMs = (borders.at(-1) ?? 0) - (borders[0] ?? 0);
  const spanMaxMs = (CELLS_MAX / cameras) * cellMs;
  if (spanMs <= spanMaxMs) return;
  const days = Math.floor(spanMaxMs / (24 * HOUR_MS));
  throw toUntilError(`must be at most ${days} days after \`since\` for ${cameras} cameras: ask for one, or for less`);
}

const toUntilError = (message: string): NightjarError =>
  new NightjarError('invalid', `query.until: ${message}`, { faults: [{ path: 'query.until', message }] });
