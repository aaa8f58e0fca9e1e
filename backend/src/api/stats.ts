import { z } from '@hono/zod-openapi';
import { eventStates, frameStates, riskLevels } from '../model/index.ts';
import type { ApiOptions, PipelineFacts } from './options.ts';
import { invalid, json, seenFilters, type ApiApp } from './route-parts.ts';
import { cameraIdsFor } from './lists/seen.ts';
import { readQueueOf } from './stats/queue-depths.ts';
import { readSummary } from './stats/summary.ts';
import { BUCKETS_MAX, readTimeline, timelineBuckets, timelineSchema } from './stats/timeline.ts';
import { route } from './access.ts';
import { camerasOf } from './visible.ts';

const count = z.int().min(0);
const countsOf = <Key extends string>(keys: readonly Key[]) => z.record(z.enum(keys), count);
const ms = z.number().nullable();

export const summarySchema = z
  .object({
    cameras: z.object({ total: count, online: count, offline: count, unknown: count }),
    frames: z.object({ total: count, by_state: countsOf(frameStates) }),
    clips: z.object({ total: count, by_state: countsOf(frameStates) }),
    detections: z.object({
      total: count,
      today: count,
      suppressed: count.openapi({
        description: 'stored, but counted nowhere else: see `suppressed_by` of a detection',
      }),
      by_label: z.record(z.string(), z.object({ total: count, today: count })),
    }),
    events: z.object({
      total: count,
      today: count,
      unreviewed: count,
      by_state: countsOf(eventStates),
      by_risk_level: countsOf(riskLevels),
    }),
  })
  .openapi('StatsSummary');
export type Summary = z.infer<typeof summarySchema>;

export const pipelineSchema = z
  .object({
    queue: z.object({
      pending: count,
      leased: count,
      dead: count,
      oldest_pending_s: z.number().nullable(),
      clips: z.object({ pending: count, leased: count, dead: count }),
    }),
    stages: z.record(z.string(), z.object({ count, p50_ms: ms, p95_ms: ms, p99_ms: ms })),
  })
  .openapi('StatsPipeline');

const query = z.strictObject({});
const tags = ['stats'];

const summary = route('viewer', {
  method: 'get',
  path: '/api/stats/summary',
  tags,
  description:
    '`today` begins at midnight in the time zone of the cameras, and goes by capture time. Detections that count towards no event are in `suppressed` only.',
  request: { query },
  responses: { 200: json(summarySchema, 'counts'), ...invalid },
});
const timeline = route('viewer', {
  method: 'get',
  path: '/api/stats/timeline',
  tags,
  description: `Counts for each hour or day where the cameras are, by capture time: whole ones, from that of \`since\` (else 24 hours ago, or 30 days) to that of \`until\` (else now), at most ${BUCKETS_MAX}; of many cameras, to a key that is limited to them, less. A day may have 23 or 25 hours. Detections that count towards no event are left out.`,
  request: { query: z.strictObject({ ...seenFilters, bucket: z.enum(timelineBuckets).default('hour') }) },
  responses: { 200: json(timelineSchema, 'counts, oldest first'), ...invalid },
});
const pipeline = route('viewer', {
  method: 'get',
  path: '/api/stats/pipeline',
  tags,
  request: { query },
  responses: {
    200: json(
      pipelineSchema,
      'queue depths, and latencies of the latest runs of each stage (none for a key that is limited to some cameras)',
    ),
    ...invalid,
  },
});

export function addStats(app: ApiApp, options: Pick<ApiOptions, 'db' | 'clock' | 'timeZone' | 'pipeline'>): void {
  const { db, clock, timeZone } = options;

  /** How long a stage takes tells of all cameras: whoever sees some of them hears nothing of it, as on the socket. */
  const readPipeline = async (cameraIds: readonly string[] | null): Promise<PipelineFacts> =>
    cameraIds ? { queue: await db.read((orm) => readQueueOf(orm, cameraIds)), stages: {} } : options.pipeline();

  app.openapi(summary, async (c) => c.json(await readSummary({ ...options, cameraIds: camerasOf(c) }), 200));

  app.openapi(timeline, async (c) => {
    const { camera_id, ...asked } = c.req.valid('query');
    const question = { ...asked, cameraIds: cameraIdsFor(c, camera_id), timeZone, nowMs: clock.nowMs() };
    return c.json(await db.read((orm) => readTimeline(orm, question)), 200);
  });

  app.openapi(pipeline, async (c) => {
    const { queue, stages } = await readPipeline(camerasOf(c));
    const { oldestPendingS, ...depths } = queue;
    return c.json({ queue: { ...depths, oldest_pending_s: oldestPendingS }, stages: { ...stages } }, 200);
  });
}
