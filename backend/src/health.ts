/**
 * How the house is: the one place that /ready, /api/system, /metrics and the status for sockets are told from. What may be
 * away has a tracker (lib/part.ts), which also tells the log; all else says of itself how it is.
 */
import type { HealthFacts } from './api/index.ts';
import { redisPart } from './broadcast/index.ts';
import type { ClipWorker } from './clips/index.ts';
import type { Detector } from './detect/index.ts';
import type { IngestStats } from './ingest/index.ts';
import type { Clock } from './lib/clock.ts';
import type { Logger } from './lib/log.ts';
import { createPart, type Part } from './lib/part.ts';
import type { AnalystHealth } from './model/analysis.ts';
import type { RetentionStats } from './retention/index.ts';

export interface Health {
  readonly database: Part;
  /** Undefined where Redis is not configured. */
  readonly redis: Part | undefined;
  readonly media: Part;
  /** From now on these are asked too; what a process has not opened is null. */
  watch(sources: Partial<Sources>): void;
  read(): HealthFacts;
}

interface Sources {
  readonly databaseVersion: () => string | null;
  readonly mediaFreeBytes: () => number | null;
  readonly ingest: () => IngestStats;
  readonly retention: () => RetentionStats;
  readonly detectors: readonly Detector[];
  readonly clips: (() => ReturnType<ClipWorker['health']>) | undefined;
  readonly analyst: (() => AnalystHealth) | undefined;
}

export function createHealth(options: { hasRedis: boolean; clock: Clock; log: Logger }): Health {
  const { clock, log } = options;
  const database = createPart({ name: 'database', consequence: 'files wait in the inbox', clock, log });
  const media = createPart({ name: 'media store', consequence: 'files wait in the inbox', clock, log });
  const redis = options.hasRedis ? createPart({ ...redisPart, clock, log }) : undefined;
  let sources: Partial<Sources> = {};
  return {
    database,
    redis,
    media,
    watch: (more) => (sources = { ...sources, ...more }),
    read() {
      const ingest = sources.ingest?.();
      return {
        database: { ...database.state(), version: sources.databaseVersion?.() ?? null },
        redis: redis ? redis.state() : null,
        media: { ...media.state(), freeBytes: sources.mediaFreeBytes?.() ?? null },
        ingest: ingest ? { waiting: ingest.waiting, outage: ingest.outage } : null,
        retention: sources.retention?.(),
        detectors: (sources.detectors ?? []).map((detector) => detector.health()),
        clips: sources.clips?.() ?? null,
        analyst: sources.analyst?.() ?? null,
        outages: [database, media, ...(redis ? [redis] : [])].map((part) => toOutage(part, clock.nowMs())),
      };
    },
  };
}

function toOutage(part: Part, nowMs: number): HealthFacts['outages'][number] {
  const { ok, since } = part.state();
  return { part: part.name.toLowerCase(), count: part.outages(), seconds: ok ? 0 : (nowMs - since.getTime()) / 1_000 };
}
