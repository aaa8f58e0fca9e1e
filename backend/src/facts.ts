/** What the program says of itself: readiness, system, pipeline and the status that sockets get. */
import { toLiveStatus, type ApiOptions, type HealthFacts, type LiveFigures, type PartState } from './api/index.ts';
import type { StatusView } from './broadcast/index.ts';
import type { Config } from './config.ts';
import type { GpuMonitor } from './gpu/index.ts';
import type { Health } from './health.ts';
import { AwayError } from './lib/errors.ts';
import { createLatencies, type Latencies } from './lib/latency.ts';
import type { Queue } from './queue/index.ts';
import { VERSION } from './version.ts';

/** The way of a frame, stage by stage; each stage's duration in milliseconds. */
export const stages = ['settle', 'keep', 'queue', 'read', 'decode', 'infer', 'store'] as const;
export type Stage = (typeof stages)[number];

/** Each duration is told on, to whoever counts it. */
export function createStageLatencies(tell: (stage: Stage, durationMs: number) => void = () => undefined) {
  const latencies: Latencies<Stage> = createLatencies(stages);
  return {
    ...latencies,
    observe(stage: Stage, durationMs: number): void {
      latencies.observe(stage, durationMs);
      tell(stage, durationMs);
    },
  } satisfies Latencies<Stage>;
}

/** Who asks for readiness needs no key, so that the words of servers and paths are not for them. */
const SEE_SYSTEM = { detail: 'does not work: GET /api/system says why' };

interface Parts {
  readonly config: Config;
  readonly health: Health;
  readonly queue: Pick<Queue, 'depths'>;
  readonly readFigures: () => Promise<LiveFigures>;
  readonly latencies: Latencies<Stage>;
  readonly startedAt: Date;
  /** Of a process that detects. */
  readonly gpuMonitor: GpuMonitor | undefined;
}

export type Facts = Pick<ApiOptions, 'health' | 'readiness' | 'system' | 'pipeline' | 'gpu'> & {
  /** Read once; and as each client may see it. */
  status(): Promise<StatusView>;
};

export function createFacts(parts: Parts): Facts {
  const { config, health, queue, readFigures, latencies, startedAt, gpuMonitor } = parts;
  async function readDepths() {
    const { oldest_pending_s: oldestPendingS, ...depths } = await queue.depths();
    return { ...depths, oldestPendingS };
  }
  return {
    health: () => ({ modelLoaded: health.read().detectors.some(({ state }) => state === 'ready') }),
    readiness: () => toReadiness(health.read()),
    system() {
      const facts = health.read();
      const { version } = facts.database;
      const versions = { nightjar: VERSION, node: process.versions.node, ...(version && { postgresql: version }) };
      return { ...facts, versions, roles: [...config.roles], startedAt };
    },
    gpu: () => gpuMonitor?.read() ?? { gpus: null, history: [] },
    pipeline: async () => ({ queue: await readDepths(), stages: latencies.read() }),
    async status() {
      // Unknown while the database is away, which is a thing to tell, and no reason to be silent.
      const figures = await readFigures().catch(orAway);
      return toStatusView(health.read(), { figures, stages: latencies.read() });
    },
  };
}

/** Whoever is limited to some cameras gets their numbers, and none that the others have a part in. */
function toStatusView(
  { database: { ok, reason }, detectors, analyst }: HealthFacts,
  { figures, stages: timed }: { figures: LiveFigures | null; stages: object },
): StatusView {
  const house = { database: { ok, reason }, detectors };
  return (cameraIds) => {
    const numbers = figures ? toLiveStatus(figures, cameraIds) : { queue: null, cameras: null, rates: null };
    const shared = cameraIds
      ? { analyst: analyst && { ...analyst, queue: null }, stages: {} }
      : { analyst, stages: timed };
    return { ...numbers, ...house, ...shared };
  };
}

/** Told to anyone who asks: that a part is away, in the words of its tracker. The log says the rest. */
function toReadiness({
  database,
  media,
  redis,
  detectors,
  clips,
  analyst,
  retention,
}: HealthFacts): Record<string, PartState> {
  // Without Redis everything still works, only later: that is worth saying, and no reason to be taken out of service.
  const bus = redis && !redis.ok ? { detail: `Redis is away (${redis.reason}): messages of other processes come by polling` } : {}; // prettier-ignore
  const states: Record<string, PartState> = {
    database: toState(database),
    media: toState(media),
    bus: { ok: true, ...bus },
  };
  // One detector that works is enough to be in service; what the others lack is worth saying.
  const one = detectors.some(({ state }) => state === 'ready');
  for (const { name, state } of detectors)
    states[`detector:${name}`] = { ok: one || state === 'ready', ...(state === 'ready' ? {} : SEE_SYSTEM) };
  // Nothing fails yet; whoever reads this can still do something.
  if (retention?.trouble) states['room'] = { ok: true, detail: retention.trouble };
  // Clips wait, all else works.
  if (clips) states['clips'] = { ok: true, ...(clips.state === 'ready' ? {} : SEE_SYSTEM) };
  // The rules stand in for a model that is away.
  if (analyst) states['analyst'] = { ok: true, ...(analyst.state === 'ready' ? {} : SEE_SYSTEM) };
  return states;
}

const toState = ({ ok, reason }: HealthFacts['database' | 'media']): PartState =>
  reason === null ? { ok } : { ok, detail: reason };

function orAway(thrown: unknown): null {
  if (thrown instanceof AwayError) return null;
  throw thrown;
}
