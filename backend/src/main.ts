/**
 * The house: every room, opened in order (sinks first, sources last), joined by functions, closed in reverse.
 *
 *   camera -> ingest -> queue -> detect -> events -> broadcast -> dashboards
 */
import { openAnalysis } from './analysis.ts';
import { readLiveFigures } from './api/index.ts';
import type { Config, Role } from './config.ts';
import type { Detector } from './detect/index.ts';
import { openCutting } from './cutting.ts';
import { openDetection } from './detection.ts';
import { openDoors, openHealthDoor } from './doors.ts';
import { createEventCloser, createEventStore } from './events/index.ts';
import { createFacts, createStageLatencies } from './facts.ts';
import { createGpuMonitor } from './gpu/index.ts';
import { openInbox } from './inbox.ts';
import { steadyClock as steady, systemClock as clock } from './lib/clock.ts';
import { newId } from './lib/id.ts';
import { createClosers, type Closers } from './lib/lifecycle.ts';
import type { Logger } from './lib/log.ts';
import { createSignal } from './lib/signal.ts';
import { meterDetector, meterEvents, meterQueue, toTraces } from './metering.ts';
import { createMeters } from './metrics/index.ts';
import type { Message } from './model/wire.ts';
import { createEnqueue } from './notify/index.ts';
import { openNotifier } from './notification.ts';
import { assertInbox, openDetectors, toEventRules } from './parts.ts';
import { createQueue } from './queue/index.ts';
import { openSinks } from './sinks.ts';
import { openSuspects } from './suspects.ts';
import { openTraces } from './tracing/index.ts';
import { VERSION } from './version.ts';

export interface Nightjar {
  /** Where the API listens; undefined without the role `api`. */
  readonly url: string | undefined;
  /** In order of preference. */
  readonly detectors: readonly ReturnType<Detector['health']>[];
  /** Every durable message of this process, as it is told. */
  onMessages(listener: (messages: readonly Message[]) => void): () => void;
  close(): Promise<void>;
}

/**
 * Opens what the configured roles need. Whatever was opened is closed again when a later part fails to open. A database
 * that is away is waited for until `signal` is aborted; then `cancelled` is thrown.
 */
export async function startNightjar(config: Config, log: Logger, signal?: AbortSignal): Promise<Nightjar> {
  const closers = createClosers({ log });
  try {
    return await openRooms({ config, log, closers, signal });
  } catch (thrown) {
    await closers.closeAll().catch((failure: unknown) => log.error({ err: failure }, 'closing after a failed start'));
    throw thrown;
  }
}

interface Opening {
  readonly config: Config;
  readonly log: Logger;
  readonly closers: Closers;
  readonly signal: AbortSignal | undefined;
}

async function openRooms({ config, log, closers, signal }: Opening): Promise<Nightjar> {
  const startedAt = new Date(clock.nowMs());
  const meters = createMeters({ version: VERSION, mediaFreeMinBytes: config.diskFreeMinBytes });
  const latencies = createStageLatencies(meters.stage);
  const { tracer } = closers.add('traces', await openTraces(toTraces(config, { meters, log })));
  const pending = createSignal();
  const clipPending = createSignal();
  const has = (role: Role): boolean => config.roles.has(role);

  if (has('ingest')) await assertInbox(config);

  // Sinks: the database, what is kept, what is told.
  const sinks = await openSinks({ config, log, closers, signal, meters });
  const { target, health, db, media, bus, transact } = sinks;

  // The ledger, and what becomes of an examined frame.
  const { leaseMs, attemptsMax, camerasMax } = config;
  const wakers = { onPending: pending.emit, onClip: clipPending.emit };
  const limits = { leaseMs, attemptsMax, camerasMax };
  const stores = { db, target, transact, isStored: media.has };
  const queueOptions = { ...stores, clock: steady, log, newId, ...limits, ...wakers };
  const queue = meterQueue(closers.add('queue', await createQueue(queueOptions)), meters);
  // Puts alerts on their way to channels, in the transaction that makes them.
  const enqueue = createEnqueue({ newId, publicUrl: config.publicUrl });
  const eventOptions = { transact, rules: toEventRules(config), clock, log, newId, complete: queue.complete, enqueue };
  const events = meterEvents(closers.add('event store', createEventStore(eventOptions)), meters, clock);
  if (has('analyze')) closers.add('event closer', createEventCloser(eventOptions));
  if (has('analyze')) openNotifier({ config, log, closers, db, target, bus, media });
  const analyzing = { config, log, closers, db, transact, media, enqueue, meters };
  const analysis = has('analyze') ? openAnalysis(analyzing) : undefined;

  // Those who examine; and those who cut clips into frames for them.
  const opened = has('detect') ? await openDetectors(config, log, closers) : [];
  const detectors = opened.map((detector) => meterDetector(detector, meters));
  const examining = { config, log, closers, detectors, queue, media, events, latencies, tracer };
  const detection = openDetection(examining);
  pending.on(detection.wake);
  if (has('detect')) pending.on(openSuspects(examining).wake);
  const cutting = has('detect') ? openCutting(examining) : undefined;
  if (cutting) clipPending.on(cutting.wake);

  // Those who listen.
  const gpuMonitor = has('detect') ? closers.add('GPU monitor', createGpuMonitor({ clock, log })) : undefined;
  const asked = { detectors, clips: cutting?.health, analyst: analysis?.health };
  health.watch({ databaseVersion: db.version, mediaFreeBytes: sinks.mediaFreeBytes, ...asked });
  const readFigures = () => readLiveFigures(db, clock.nowMs());
  const facts = createFacts({ config, health, queue, readFigures, latencies, startedAt, gpuMonitor });
  const doors = { config, log, closers, db, bus, media, queue, transact, facts, detection, meters, tracer };
  const url = has('api') ? await openDoors(doors) : undefined;
  if (!has('api') && config.healthPort !== undefined) await openHealthDoor(config.healthPort, doors);

  // The source, last.
  if (has('ingest')) await openInbox({ config, log, closers, db, media, queue, health, latencies, tracer });

  return {
    url,
    detectors: detectors.map((detector) => detector.health()),
    onMessages: bus.subscribe,
    close: closers.closeAll,
  };
}
