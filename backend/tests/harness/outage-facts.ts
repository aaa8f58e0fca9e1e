/** What a Nightjar tells of its parts, in all the ways it does, to be held against each other. */
import { API_KEY, type NightjarProcess } from './nightjar.ts';

interface AwayFacts {
  readonly ok: boolean;
  readonly since: string;
  readonly reason: string | null;
}

interface PartFacts {
  readonly system: AwayFacts;
  /** The part in /ready, and the status of the whole answer. */
  readonly ready: { readonly status: number; readonly ok: boolean; readonly detail?: string };
  /** Undefined where the metric is absent. */
  readonly metric: number | undefined;
}

export interface OutageFacts {
  readonly database: PartFacts;
  /** `system` null where Redis is not configured. */
  readonly redis: {
    readonly system: AwayFacts | null;
    readonly detail: string | undefined;
    readonly metric: number | undefined;
  };
  readonly ingestOutage: boolean;
}

interface System {
  readonly database: AwayFacts;
  readonly redis: AwayFacts | null;
  readonly ingest: { readonly outage: boolean } | null;
}

/** Each of the three must answer whatever is away. */
export async function readFacts({ url }: NightjarProcess): Promise<OutageFacts> {
  const headers = { 'x-api-key': API_KEY };
  const [system, ready, metrics] = await Promise.all([
    fetch(`${url}/api/system`, { headers }),
    fetch(`${url}/ready`),
    fetch(`${url}/metrics`),
  ]);
  if (system.status !== 200 || metrics.status !== 200)
    throw new Error(`/api/system answered ${system.status}, /metrics ${metrics.status}`);
  const facts = (await system.json()) as System;
  const { parts } = (await ready.json()) as { parts: Record<'database' | 'bus', { ok: boolean; detail?: string }> };
  const text = await metrics.text();
  return {
    database: { system: facts.database, ready: { status: ready.status, ...parts.database }, metric: toValue(text, 'nightjar_database_up') }, // prettier-ignore
    redis: { system: facts.redis, detail: parts.bus.detail, metric: toValue(text, 'nightjar_redis_up') },
    ingestOutage: facts.ingest?.outage ?? false,
  };
}

function toValue(text: string, name: string): number | undefined {
  const value = new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1];
  return value === undefined ? undefined : Number(value);
}

export interface LogLine {
  readonly level: number;
  readonly msg: string;
}

/** Of a log in JSON; the last line may still be on its way. */
export const toLogLines = (log: string): readonly LogLine[] =>
  log
    .split('\n')
    .filter((line) => line.startsWith('{') && line.endsWith('}'))
    .map((line) => JSON.parse(line) as LogLine);
