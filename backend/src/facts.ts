/** What the program says of itself: readiness, system, pipeline and the status that sockets get. */
import { readFileSync } from 'node:fs';
import type { ApiOptions, SystemFacts } from './api/index.ts';
import type { Bus } from './broadcast/index.ts';
import type { Config } from './config.ts';
import type { Database } from './db/index.ts';
import type { Detector } from './detect/index.ts';
import type { GpuMonitor } from './gpu/index.ts';
import { systemClock as clock } from './lib/clock.ts';
import { createLatencies, type Latencies } from './lib/latency.ts';
import type { AnalystHealth } from './model/analysis.ts';
import type { Queue } from './queue/index.ts';

/** The way of a frame, stage by stage; each stage's duration in milliseconds. */
export const stages = ['settle', 'keep', 'queue', 'read', 'decode', 'infer', 'store'] as const;
export type Stage = (typeof stages)[number];

export const createStageLatencies = (): Latencies<Stage> => createLatencies(stages);

/** A probe must not wait as long as a query may. */
const ANSWER_MS_MAX = 2_000;

/** Who asks for readiness needs no key, so that the words of servers and paths are not for them. */
const SEE_SYSTEM = { detail: 'does not work: GET /api/system says why' };

interface Parts {
  readonly config: Config;
  readonly db: Database;
  readonly bus: Bus;
  readonly queue: Queue;
  readonly detectors: readonly Detector[];
  readonly latencies: Latencies<Stage>;
  readonly startedAt: Date;
  /** Of a process that analyzes. */
  readonly analysis: { health(): AnalystHealth } | undefined;
  /** Of a process that detects. */
  readonly gpuMonitor: GpuMonitor | undefined;
}

export type Facts = Pick<ApiOptions, 'health' | 'readiness' | 'system' | 'pipeline' | 'gpu'> & {
  status(): Promise<object>;
};

export function createFacts({ config, db, bus, queue, latencies, startedAt, ...parts }: Parts): Facts {
  // Told to anyone who asks: that it is away, not where it is or what it said. The log says the rest.
  const database = async () => {
    const answered = db
      .query((sql) => sql`select 1`)
      .then(
        () => true,
        () => false,
      );
    const ok = await Promise.race([answered, clock.sleep(ANSWER_MS_MAX).then(() => false)]);
    return ok ? { ok } : { ok, detail: 'the database does not answer' };
  };
  const detectors = (): SystemFacts['detectors'] => parts.detectors.map((detector) => detector.health());
  const analyst = (): AnalystHealth | null => parts.analysis?.health() ?? null;
  return {
    health: () => ({ modelLoaded: detectors().some(({ state }) => state === 'ready') }),
    async readiness() {
      const states: Record<string, { ok: boolean; detail?: string }> = { database: await database() };
      // Without Redis everything still works, only later: that is worth saying, and no reason to be taken out of service.
      const away = { detail: 'Redis is away: messages of other processes come by polling' };
      states['bus'] = { ok: true, ...(bus.health().connected ? {} : away) };
      // One detector that works is enough to be in service; what the others lack is worth saying.
      const one = detectors().some(({ state }) => state === 'ready');
      for (const { name, state } of detectors())
        states[`detector:${name}`] = { ok: one || state === 'ready', ...(state === 'ready' ? {} : SEE_SYSTEM) };
      // The rules stand in for a model that is away.
      const analyzing = analyst();
      if (analyzing) states['analyst'] = { ok: true, ...(analyzing.state === 'ready' ? {} : SEE_SYSTEM) };
      return states;
    },
    async system() {
      const [row] = await db.query(
        (sql) => sql<{ version: string }[]>`select current_setting('server_version') as version`,
      );
      const versions = { nightjar: VERSION, node: process.versions.node, postgresql: row?.version ?? 'unknown' };
      return { versions, roles: [...config.roles], detectors: detectors(), analyst: analyst(), startedAt };
    },
    gpu: () => parts.gpuMonitor?.read() ?? { gpus: null, history: [] },
    async pipeline() {
      const { oldest_pending_s: oldestPendingS, ...depths } = await queue.depths();
      return { queue: { ...depths, oldestPendingS }, stages: latencies.read() };
    },
    async status() {
      return { queue: await queue.depths(), detectors: detectors(), analyst: analyst(), stages: latencies.read() };
    },
  };
}

/** From package.json, two folders up from here in the source and in the build alike. */
export const VERSION = (
  JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }
).version;
