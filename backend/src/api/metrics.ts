/**
 * GET /metrics: the figures of this process for Prometheus, prefix `nightjar_`. Here are those that can be asked for at any
 * time, a row in the table each; what is counted as it happens is passed in (`figures`).
 */
import { z } from '@hono/zod-openapi';
import { Counter, Gauge, Registry } from 'prom-client';
import { isRetryable, NightjarError, toNightjarError } from '../lib/errors.ts';
import { readLedger, type LedgerFigures } from './metrics-ledger.ts';
import type { ApiOptions, PipelineFacts, SystemFacts } from './options.ts';
import type { ApiApp } from './route-parts.ts';
import { route } from './access.ts';
import { camerasOf } from './visible.ts';

/** Null while the database is away: what is not known is not told. */
interface Facts extends SystemFacts {
  readonly queue: PipelineFacts['queue'] | null;
  readonly ledger: LedgerFigures | null;
}

/** A value with its label; one without says nothing of labels. */
type Sample = readonly [value: number, label?: string];

interface Figure {
  /** A counter when it ends in `_total`. */
  readonly name: string;
  readonly help: string;
  readonly label?: string;
  readonly read: (facts: Facts) => readonly Sample[];
}

const one = (value: number | boolean | null | undefined): readonly Sample[] =>
  value === null || value === undefined ? [] : [[Number(value)]];

/** In the order in which they are told. */
export const askedFigures: readonly Figure[] = [
  { name: 'database_up', help: '1 while PostgreSQL answers and takes changes', read: ({ database }) => one(database.ok) },
  { name: 'redis_up', help: '1 while Redis answers; absent where it is not configured', read: ({ redis }) => one(redis?.ok) },
  { name: 'media_up', help: '1 while the media store works', read: ({ media }) => one(media.ok) },
  { name: 'media_free_bytes', help: 'space left in the media store', read: ({ media }) => one(media.freeBytes) },
  { name: 'outage_seconds', help: 'length of the outage under way; 0 without one', label: 'part', read: ({ outages }) => outages.map(({ part, seconds }) => [seconds, part]) },
  { name: 'outages_total', help: 'how often the part was away since the start', label: 'part', read: ({ outages }) => outages.map(({ part, count }) => [count, part]) },
  { name: 'queue_frames', help: 'frames by state; absent while the database is away', label: 'state', read: ({ queue }) => toDepths(queue) },
  { name: 'queue_oldest_pending_seconds', help: 'age of the oldest frame that waits; 0 when none does', read: ({ queue }) => one(queue && (queue.oldestPendingS ?? 0)) },
  { name: 'queue_clips', help: 'clips by state; absent while the database is away', label: 'state', read: ({ queue }) => toDepths(queue?.clips) },
  { name: 'ingest_waiting', help: 'files that wait to be taken in', read: ({ ingest }) => one(ingest?.waiting) },
  { name: 'ingest_outage', help: '1 while files wait because something is away', read: ({ ingest }) => one(ingest?.outage) },
  { name: 'detector_up', help: '1 while the detector is ready', label: 'detector', read: ({ detectors }) => detectors.map(({ name, state }) => [Number(state === 'ready'), name]) },
  { name: 'clip_cutter_up', help: '1 while there is an ffmpeg to cut clips with', read: ({ clips }) => one(clips && clips.state === 'ready') },
  { name: 'analyst_up', help: '1 while the analyst is ready', label: 'analyzer', read: ({ analyst }) => (analyst ? [[Number(analyst.state === 'ready'), analyst.analyzer]] : []) },
  { name: 'analyst_queue', help: 'events that wait for the analyst', read: ({ analyst }) => one(analyst?.queue) },
  { name: 'retention_deleted_frames_total', help: 'frames deleted for age or room since the start', read: ({ retention }) => one(retention?.frames) },
  { name: 'retention_deleted_events_total', help: 'events deleted since the start', read: ({ retention }) => one(retention?.events) },
  { name: 'retention_deleted_clips_total', help: 'clips deleted since the start', read: ({ retention }) => one(retention?.clips) },
  { name: 'retention_deleted_bytes_total', help: 'bytes of the files that went with them', read: ({ retention }) => one(retention?.bytes) },
  { name: 'retention_trouble', help: '1 while there is too little room and nothing that may be deleted makes more', read: ({ retention }) => one(retention && retention.trouble !== null) },
  { name: 'camera_last_seen_timestamp_seconds', help: 'when a file of this enabled camera came last; absent while the database is away', label: 'camera', read: ({ ledger }) => ledger?.lastSeenS ?? [] },
  { name: 'deliveries_waiting', help: 'deliveries of alerts that wait; absent while the database is away', read: ({ ledger }) => one(ledger?.deliveriesWaiting) },
  { name: 'deliveries_dead', help: 'deliveries of alerts made within the last day that were given up', read: ({ ledger }) => one(ledger?.deliveriesDead) },
]; // prettier-ignore

const toDepths = (queue: Facts['queue'] | PipelineFacts['queue']['clips'] | undefined): readonly Sample[] =>
  queue ? (['pending', 'leased', 'dead'] as const).map((state) => [queue[state], state]) : [];

const metrics = route('viewer', {
  method: 'get',
  path: '/metrics',
  tags: ['system'],
  description:
    'Needs no key from this very machine, asked by its address or as `localhost`, and not by a page of a browser.',
  responses: { 200: { description: 'figures of this process', content: { 'text/plain': { schema: z.string() } } } },
});

type MetricsOptions = Pick<ApiOptions, 'db' | 'system' | 'pipeline' | 'figures'>;

export function addMetrics(app: ApiApp, options: MetricsOptions): void {
  app.openapi(metrics, async (c) => {
    // Sums over all cameras tell of those that a key may not see, and no figure is of one alone.
    if (camerasOf(c) !== null)
      throw new NightjarError('forbidden', 'a key that is limited to some cameras sees no figures of all');
    const [system, queue, ledger] = await Promise.all([
      options.system(),
      orAway(async () => (await options.pipeline()).queue),
      orAway(() => readLedger(options.db)),
    ]);
    const registry = toRegistry({ ...system, queue, ledger });
    const text = [await registry.metrics(), (await options.figures?.()) ?? ''].join('\n');
    return c.text(text, 200, { 'Content-Type': registry.contentType });
  });
}

/** The database away is a figure of its own, and no reason to hide the others. */
async function orAway<T>(read: () => Promise<T>): Promise<T | null> {
  try {
    return await read();
  } catch (thrown) {
    if (isRetryable(toNightjarError(thrown).kind)) return null;
    throw thrown;
  }
}

/** Made anew for each answer: what was true a moment ago is nobody's business. */
function toRegistry(facts: Facts): Registry {
  const registry = new Registry();
  for (const { name, help, label, read } of askedFigures) {
    const samples = read(facts);
    if (samples.length === 0) continue;
    const settings = { name: `nightjar_${name}`, help, labelNames: label === undefined ? [] : [label], registers: [registry] }; // prettier-ignore
    const metric = name.endsWith('_total') ? new Counter(settings) : new Gauge(settings);
    for (const [value, given] of samples)
      if (label !== undefined && given !== undefined) metric.inc({ [label]: given }, value);
      else metric.inc(value);
  }
  return registry;
}
