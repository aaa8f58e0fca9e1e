import { z } from '@hono/zod-openapi';
import { toTime } from '../model/wire.ts';
import type { ApiOptions, AwayState, SystemFacts } from './options.ts';
import { json, type ApiApp } from './route-parts.ts';
import { route } from './access.ts';
import { camerasOf } from './visible.ts';

const tags = ['system'];

export const healthSchema = z.object({ status: z.literal('healthy'), model_loaded: z.boolean() }).openapi('Health');

export const readinessSchema = z
  .object({
    status: z.enum(['ready', 'not_ready']),
    parts: z.record(z.string(), z.object({ ok: z.boolean(), detail: z.string().optional() })),
  })
  .openapi('Readiness');

const away = {
  ok: z.boolean(),
  /** Since when it is as it is. */
  since: z.iso.datetime({ precision: 3 }),
  reason: z.string().nullable(),
};

const ofAll = z
  .int()
  .min(0)
  .nullable()
  .openapi({ description: 'null for a key that is limited to some cameras: the others have a part in it' });

export const systemSchema = z
  .object({
    versions: z.record(z.string(), z.string()),
    roles: z.array(z.string()),
    database: z.object({ ...away, version: z.string().nullable() }),
    /** Null where Redis is not configured. */
    redis: z.object(away).nullable(),
    media: z.object({ ...away, free_bytes: z.number().nullable() }),
    /** Null in a process that does not ingest; `outage`: files wait because something is away. */
    ingest: z.object({ waiting: ofAll, outage: z.boolean() }).nullable(),
    detectors: z.array(
      z.object({
        name: z.string(),
        model: z.string(),
        provider: z.string(),
        state: z.enum(['ready', 'unavailable']),
        reason: z.string().nullable(),
        /** What it can compute on, best first: execution providers, or servers. */
        backends: z.array(
          z.object({
            name: z.string(),
            state: z.enum(['in_use', 'standby', 'unavailable']),
            reason: z.string().nullable(),
          }),
        ),
      }),
    ),
    /** Null in a process that does not cut clips; without ffmpeg they wait. */
    clips: z.object({ state: z.enum(['ready', 'unavailable']), reason: z.string().nullable() }).nullable(),
    /** Null in a process that does not analyze. */
    analyst: z
      .object({
        analyzer: z.enum(['rules', 'llm']),
        state: z.enum(['ready', 'unavailable']),
        reason: z.string().nullable(),
        /** Events that wait for it. */
        queue: ofAll,
      })
      .nullable(),
    started_at: z.iso.datetime({ precision: 3 }),
    uptime_s: z.number().min(0),
  })
  .openapi('System');

const health = route('open', {
  method: 'get',
  path: '/health',
  tags,
  responses: { 200: json(healthSchema, 'the process lives') },
});
const ready = route('open', {
  method: 'get',
  path: '/ready',
  tags,
  responses: { 200: json(readinessSchema, 'all parts work'), 503: json(readinessSchema, 'some part does not') },
});
const system = route('viewer', {
  method: 'get',
  path: '/api/system',
  tags,
  responses: { 200: json(systemSchema, 'what runs here') },
});

type Facts = Pick<ApiOptions, 'clock' | 'health' | 'readiness' | 'system'>;

/** What the program says of itself. Health asks nobody else: it must answer while everything else is down. */
export function addSystem(app: ApiApp, facts: Facts): void {
  app.openapi(health, (c) => c.json({ status: 'healthy' as const, model_loaded: facts.health().modelLoaded }, 200));

  app.openapi(ready, async (c) => {
    const parts = { ...(await facts.readiness()) };
    const isReady = Object.values(parts).every(({ ok }) => ok);
    return isReady ? c.json({ status: 'ready' as const, parts }, 200) : c.json({ status: 'not_ready' as const, parts }, 503); // prettier-ignore
  });

  app.openapi(system, async (c) => {
    const { versions, roles, detectors, clips, startedAt, ...told } = await facts.system();
    const { analyst, ...parts } = camerasOf(c) === null ? told : withoutOthers(told);
    const uptimeS = Math.max(0, facts.clock.nowMs() - startedAt.getTime()) / 1_000;
    const now = { clips, analyst, started_at: toTime(startedAt), uptime_s: uptimeS };
    const computing = detectors.map((detector) => ({ ...detector, backends: [...detector.backends] }));
    return c.json(
      { versions: { ...versions }, roles: [...roles], ...toParts(parts), detectors: computing, ...now },
      200,
    );
  });
}

/** Without the numbers that the cameras have a part in which may not be seen. */
const withoutOthers = <Told extends Pick<SystemFacts, 'ingest' | 'analyst'>>(told: Told) => ({
  ...told,
  ingest: told.ingest && { ...told.ingest, waiting: null },
  analyst: told.analyst && { ...told.analyst, queue: null },
});

type Parts = Pick<SystemFacts, 'database' | 'redis' | 'media'> & {
  readonly ingest: z.infer<typeof systemSchema>['ingest'];
};

function toParts({ database, redis, media, ingest }: Parts) {
  const toAway = ({ ok, since, reason }: AwayState) => ({ ok, since: toTime(since), reason });
  return {
    database: { ...toAway(database), version: database.version },
    redis: redis && toAway(redis),
    media: { ...toAway(media), free_bytes: media.freeBytes },
    ingest,
  };
}
