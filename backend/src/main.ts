/**
 * The house: every room, opened in order (sinks first, sources last), joined by functions, closed in reverse.
 *
 *   camera -> ingest -> queue -> detect -> events -> broadcast -> dashboards
 */
import path from 'node:path';
import { createApi, createAuthenticator } from './api/index.ts';
import {
  createHub,
  createLocalBus,
  createPruner,
  createRedisBus,
  createSocketServer,
  createTransact,
  readAfter,
  readHouseId,
  readLatest,
  type Bus,
} from './broadcast/index.ts';
import { toModelDir, type Config, type Role } from './config.ts';
import {
  createEmbeddedPostgres,
  migrateDatabase,
  openDatabase,
  type Database,
  type DatabaseTarget,
  type Transact,
} from './db/index.ts';
import { annotate, createDetectWorker, createOnnxDetector, type Detector } from './detect/index.ts';
import { createAnalyzer, createEventCloser, createEventStore } from './events/index.ts';
import { createFacts, createStageLatencies, type Facts } from './facts.ts';
import { createIngest } from './ingest/index.ts';
import { systemClock as clock } from './lib/clock.ts';
import { newId } from './lib/id.ts';
import { createClosers, type Closers } from './lib/lifecycle.ts';
import type { Logger } from './lib/log.ts';
import { createSignal } from './lib/signal.ts';
import { createMediaStore, type MediaStore } from './media/index.ts';
import type { Message } from './model/wire.ts';
import { readModel } from './models/index.ts';
import { createBatcher, createQueue } from './queue/index.ts';

export interface Nightjar {
  /** Where the API listens; undefined without the role `api`. */
  readonly url: string | undefined;
  readonly detector: ReturnType<Detector['health']> | undefined;
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

  // Sinks: the database, what is kept, what is told.
  const target = await openServer(config, log, closers);
  await migrateDatabase(target);
  const db = closers.add('database', openDatabase(target));
  const media = await createMediaStore({ root: path.join(config.dataDir, 'media'), log });
  const bus = closers.add('bus', await openBus(config, db, log));
  const transact = createTransact({ db, bus, clock });
  closers.add('outbox pruner', createPruner({ db, replayMs: config.replayMs, clock, log }));

  // The ledger, and what becomes of an examined frame.
  const queue = closers.add('queue', await createQueue({ ...config, db, target, transact, clock, log, newId, onPending: pending.emit })); // prettier-ignore
  const eventOptions = { transact, rules: toEventRules(config), clock, log, newId, complete: queue.complete };
  const events = closers.add('event store', createEventStore(eventOptions));
  if (has('analyze')) closers.add('event closer', createEventCloser(eventOptions));
  if (has('analyze')) closers.add('analyzer', createAnalyzer(eventOptions));

  // Those who examine.
  const detector = has('detect') ? closers.add('detector', await openDetector(config, log)) : undefined;
  if (detector) {
    const { batchMax: sizeMax, runsMax } = detector;
    const limits = { sizeMax, runsMax, delayMaxMs: config.batchDelayMaxMs };
    const worker = createDetectWorker({
      detector, claim: queue.claim, readMedia: media.read, store: events.store,
      fail: queue.fail, release: queue.release, forget: queue.forget,
      storeWithinMs: config.leaseMs, clock, log, onStage: latencies.observe,
      createBatcher: (run, isMoreComing) => createBatcher({ run, isMoreComing, ...limits }),
    });
    pending.on(closers.add('detect worker', worker).wake);
  }

  // Those who listen.
  const facts = createFacts({ config, db, bus, queue, detector, latencies, startedAt });
  const url = has('api') ? await openDoors({ config, log, closers, db, bus, media, transact, facts }) : undefined;

  // The source, last.
  if (has('ingest')) {
    const { resolveCamera, record, isKnownFile } = queue;
    const onStage = (stage: 'settle' | 'store', ms: number): void =>
      latencies.observe(stage === 'store' ? 'keep' : stage, ms);
    const sinks = { resolveCamera, record, isKnownFile, storeOriginal: media.put, onStage };
    closers.add('ingest', await createIngest({ ...config, ...toInbox(config), ...sinks, clock, log }));
  }

  return { url, detector: detector?.health(), onMessages: bus.subscribe, close: closers.closeAll };
}

interface DoorParts {
  readonly config: Config;
  readonly log: Logger;
  readonly closers: Closers;
  readonly db: Database;
  readonly bus: Bus;
  readonly media: MediaStore;
  readonly transact: Transact;
  readonly facts: Facts;
}

/** The API and the sockets, on one port. */
async function openDoors({ config, log, closers, db, bus, media, transact, facts }: DoorParts): Promise<string> {
  const readers = {
    readAfter: (seq: number, limit: number) => readAfter(db, seq, limit),
    readLatest: () => readLatest(db),
  };
  const hub = closers.add('hub', await createHub({ bus, ...readers, clock, log }));
  const authenticator = createAuthenticator({ adminApiKey: config.adminApiKey, clock });
  const authenticate = authenticator.authenticateUpgrade;
  const sockets = createSocketServer({ hub, authenticate, status: facts.status, clock, log });
  const api = await createApi({
    ...facts,
    db, transact, host: config.host, port: config.port, timeZone: config.timeZone, authenticator, clock, log,
    openMedia: media.open, readMedia: media.read, handleUpgrade: sockets.handleUpgrade,
    annotate: (bytes, objects, { width }) => annotate(bytes, objects, { width, imagePixelsMax: config.imagePixelsMax }),
  });
  closers.add('api', api);
  // Opened after the API and so closed before it: an open socket would keep HTTP from draining.
  closers.add('sockets', sockets);
  return api.url;
}

async function openServer(config: Config, log: Logger, closers: Closers): Promise<DatabaseTarget> {
  if (config.databaseUrl !== undefined) return { url: config.databaseUrl };
  const server = await createEmbeddedPostgres({ dataDir: config.dataDir, log });
  return closers.add('embedded PostgreSQL', server).target;
}

async function openDetector(config: Config, log: Logger) {
  const { detectWorkers: workers, detectThreads: threads, batchMax, scoreMin, labels, imagePixelsMax } = config;
  const model = await readModel(toModelDir(config.model));
  return createOnnxDetector({ model, workers, threads, batchMax, scoreMin, labels, imagePixelsMax, clock, log });
}

async function openBus({ redisUrl }: Config, db: Database, log: Logger): Promise<Bus> {
  if (redisUrl === undefined) return createLocalBus();
  return createRedisBus({ url: redisUrl, log, channel: `nightjar:messages:${await readHouseId(db)}` });
}

const toEventRules = ({ eventIdleMs, eventWindowMs, riskBands, timeZone }: Config) => ({
  idleMs: eventIdleMs,
  windowMs: eventWindowMs,
  bands: riskBands,
  timeZone,
});

const toInbox = ({ ingestMode, watchPolling }: Config) => ({ mode: ingestMode, polling: watchPolling });
