/**
 * The house: every room, opened in order (sinks first, sources last), joined by functions, closed in reverse.
 *
 *   camera -> ingest -> queue -> detect -> events -> broadcast -> dashboards
 */
import path from 'node:path';
import { openAnalysis } from './analysis.ts';
import { createPruner, createTransact } from './broadcast/index.ts';
import type { Config, Role } from './config.ts';
import { migrateDatabase, openDatabase } from './db/index.ts';
import type { Detector } from './detect/index.ts';
import { openDetection } from './detection.ts';
import { openDoors } from './doors.ts';
import { createEventCloser, createEventStore } from './events/index.ts';
import { createFacts, createStageLatencies } from './facts.ts';
import { createGpuMonitor } from './gpu/index.ts';
import { createIngest } from './ingest/index.ts';
import { systemClock as clock } from './lib/clock.ts';
import { newId } from './lib/id.ts';
import { createClosers, type Closers } from './lib/lifecycle.ts';
import type { Logger } from './lib/log.ts';
import { createSignal } from './lib/signal.ts';
import { createMediaStore } from './media/index.ts';
import type { Message } from './model/wire.ts';
import { assertInbox, openBus, openDetectors, openServer, toEventRules, toInbox } from './parts.ts';
import { createQueue } from './queue/index.ts';

export interface Nightjar {
  /** Where the API listens; undefined without the role `api`. */
  readonly url: string | undefined;
  /** In order of preference. */
  readonly detectors: readonly ReturnType<Detector['health']>[];
  /** Every durable message of this process, as it is told. */
  onMessages(listener: (messages: readonly Message[]) => void): () => void;
  close(): Promise<void>;
}

/** Opens what the configured roles need. Whatever was opened is closed again when a later part fails to open. */
export async function startNightjar(config: Config, log: Logger): Promise<Nightjar> {
  const closers = createClosers({ log });
  try {
    return await openRooms(config, log, closers);
  } catch (thrown) {
    await closers.closeAll().catch((failure: unknown) => log.error({ err: failure }, 'closing after a failed start'));
    throw thrown;
  }
}

async function openRooms(config: Config, log: Logger, closers: Closers): Promise<Nightjar> {
  const startedAt = new Date(clock.nowMs());
  const latencies = createStageLatencies();
  const pending = createSignal();
  const has = (role: Role): boolean => config.roles.has(role);

  if (has('ingest')) await assertInbox(config);

  // Sinks: the database, what is kept, what is told.
  const target = await openServer(config, log, closers);
  await migrateDatabase(target);
  const db = closers.add('database', openDatabase(target));
  const media = await createMediaStore({ root: path.join(config.dataDir, 'media'), log });
  const bus = closers.add('bus', await openBus(config, db, log));
  const transact = createTransact({ db, bus, clock });
  closers.add('outbox pruner', createPruner({ db, replayMs: config.replayMs, clock, log }));

  // The ledger, and what becomes of an examined frame.
  const { leaseMs, attemptsMax } = config;
  const queueOptions = { db, target, transact, clock, log, newId, leaseMs, attemptsMax, onPending: pending.emit };
  const queue = closers.add('queue', await createQueue(queueOptions));
  const eventOptions = { transact, rules: toEventRules(config), clock, log, newId, complete: queue.complete };
  const events = closers.add('event store', createEventStore(eventOptions));
  if (has('analyze')) closers.add('event closer', createEventCloser(eventOptions));
  const analysis = has('analyze') ? openAnalysis({ config, log, closers, db, transact, media }) : undefined;

  // Those who examine.
  const detectors = has('detect') ? await openDetectors(config, log, closers) : [];
  const detection = openDetection({ config, log, closers, detectors, queue, media, events, latencies });
  pending.on(detection.wake);

  // Those who listen.
  const gpuMonitor = has('detect') ? closers.add('GPU monitor', createGpuMonitor({ clock, log })) : undefined;
  const facts = createFacts({ config, db, bus, queue, detectors, latencies, startedAt, analysis, gpuMonitor });
  const doors = { config, log, closers, db, bus, media, transact, facts, detection };
  const url = has('api') ? await openDoors(doors) : undefined;

  // The source, last.
  if (has('ingest')) {
    const { resolveCamera, record, isKnownFile } = queue;
    const onStage = (stage: 'settle' | 'store', ms: number): void =>
      latencies.observe(stage === 'store' ? 'keep' : stage, ms);
    const sinks = { resolveCamera, record, isKnownFile, storeOriginal: media.put, onStage };
    closers.add('ingest', await createIngest({ ...toInbox(config), ...sinks, clock, log }));
  }

  return {
    url,
    detectors: detectors.map((detector) => detector.health()),
    onMessages: bus.subscribe,
    close: closers.closeAll,
  };
}
