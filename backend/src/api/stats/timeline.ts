import { sql } from 'drizzle-orm';
import { z } from '@hono/zod-openapi';
import type { Orm } from '../../db/index.ts';
import { NightjarError } from '../../lib/errors.ts';
import { groupBy } from '../../lib/group-by.ts';
import { riskLevels } from '../../model/index.ts';
import { byKey } from './summary.ts';
import { ofKind, rows, sumOf, type Tally } from './tallies.ts';

export const timelineBuckets = ['hour', 'day'] as const;
export const BUCKETS_MAX = 1_000;
const KINDS = ['frame', 'detection', 'event', 'alert'];
/** Short enough to step into each bucket: a quarter into any hour, six hours into days of 23. */
const STEPS = { hour: '15 minutes', day: '6 hours' } as const;
const STEPS_PER_BUCKET = 4;
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
  readonly start_ms: number;
}

/** Every bucket that any part of the time from `since` to `until` is in, as a whole. Throws `invalid` for too many. */
export async function readTimeline(orm: Orm, asked: TimelineQuestion): Promise<Timeline> {
  const { bucket, timeZone } = asked;
  const until = asked.until ?? new Date(asked.nowMs + 1);
  const since = asked.since ?? new Date(until.getTime() - SPAN_MS[bucket]);
  const starts = until > since ? await readStarts(orm, { bucket, timeZone, since, until }) : [];
  const tallies = starts.length > 0 ? await readBuckets(orm, asked, { since, until }) : [];
  const byStart = groupBy(tallies, ({ start_ms: startMs }) => startMs);
  return { bucket, time_zone: timeZone, items: starts.map((startMs) => toItem(startMs, byStart.get(startMs) ?? [])) };
}

interface Span {
  readonly since: Date;
  readonly until: Date;
}

/** PostgreSQL knows the zone's hours and days: those of 23 and 25 hours, and the hour that comes twice. */
async function readStarts(
  orm: Orm,
  { bucket, timeZone, since, until }: Span & Pick<TimelineQuestion, 'bucket' | 'timeZone'>,
): Promise<readonly number[]> {
  const [from, to] = [toText(since), toText(new Date(until.getTime() - 1))];
  const found = await orm.execute<{ start_ms: number }>(sql`
    select (extract(epoch from start) * 1000)::bigint as start_ms from (
      select distinct date_trunc(${bucket}, step, ${timeZone}) as start
      from (select generate_series(date_trunc(${bucket}, ${from}::timestamptz, ${timeZone}), ${to}::timestamptz, ${STEPS[bucket]}::interval) as step
        limit ${(BUCKETS_MAX + 2) * STEPS_PER_BUCKET}) as steps
      union select date_trunc(${bucket}, ${to}::timestamptz, ${timeZone})) as buckets order by start`);
  if (found.length > BUCKETS_MAX) throw tooMany(bucket);
  return found.map(({ start_ms: startMs }) => startMs);
}

async function readBuckets(
  orm: Orm,
  { bucket, timeZone, cameraIds }: TimelineQuestion,
  { since, until }: Span,
): Promise<readonly BucketTally[]> {
  const from = sql`date_trunc(${bucket}, ${toText(since)}::timestamptz, ${timeZone})`;
  // The end of the last bucket, by the clock on the wall.
  const last = sql`date_trunc(${bucket}, ${toText(new Date(until.getTime() - 1))}::timestamptz, ${timeZone})`;
  const end =
    bucket === 'hour'
      ? sql`${last} + interval '1 hour'`
      : sql`(${last} at time zone ${timeZone} + interval '1 day') at time zone ${timeZone}`;
  const inTime = sql`bucket >= ${from} and bucket < ${end}`;
  return orm.execute<BucketTally>(sql`
    select kind, key, (extract(epoch from start) * 1000)::bigint as start_ms, sum(count)::bigint as count
    from (select kind, key, count, date_trunc(${bucket}, bucket, ${timeZone}) as start
      from (${rows({ kinds: KINDS, cameraIds }, inTime, inTime)}) as told) as started
    group by 1, 2, 3 having sum(count) <> 0 order by 1, 2`);
}

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

const toText = (date: Date): string => date.toISOString();

const tooMany = (bucket: string): NightjarError => {
  const message = `must be at most ${BUCKETS_MAX} ${bucket}s after \`since\``;
  return new NightjarError('invalid', `query.until: ${message}`, { faults: [{ path: 'query.until', message }] });
};
