/**
 * The house: every room, opened in order (sinks first, sources last), joined by functions, closed in reverse.
 *
 *   camera -> ingest -> queue -> detect -> events -> broadcast -> dashboards
 */
import type { IncomingMessage } from 'node:http';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { createApi, createAuthenticator } from './api/index.ts';
import * as broadcast from './broadcast/index.ts';
import type { Config } from './config.ts';
import { createEmbeddedPostgres, migrateDatabase, openDatabase, type DatabaseTarget } from './db/index.ts';
import { annotate, createDetectWorker, createOnnxDetector, type Detector } from './detect/index.ts';
import { createAnalyzer, createEventCloser, createEventStore } from './events/index.ts';
import { createFacts, createStageLatencies } from './facts.ts';
import { createIngest } from './ingest/index.ts';
import { systemClock as clock } from './lib/clock.ts';
import { newId } from './lib/id.ts';
import { createClosers, type Closers } from './lib/lifecycle.ts';
import type { Logger } from './lib/log.ts';
import { createSignal } from './lib/signal.ts';
import { createMediaStore } from './media/index.ts';
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
  const has = (role: 'api' | 'ingest' | 'detect' | 'analyze'): boolean => config.roles.has(role);

  // Sinks: the database, what is kept, what is told.
  const target = await openServer(config, log, closers);
  await migrateDatabase(target);
  const db = closers.add('database', openDatabase(target));
  const media = await createMediaStore({ root: path.join(config.dataDir, 'media'), log });
  const bus = closers.add(
    'bus',
    config.redisUrl ? broadcast.createRedisBus({ url: config.redisUrl, log }) : broadcast.createLocalBus(),
  );
  const transact = broadcast.createTransact({ db, bus, clock });

  // The pipeline.
  const { leaseMs, attemptsMax } = config;
  const queue = closers.add('queue', await createQueue({ db, target, transact, clock, log, newId, leaseMs, attemptsMax, onPending: pending.emit })); // prettier-ignore
  const rules = {
    idleMs: config.eventIdleMs,
    windowMs: config.eventWindowMs,
    bands: config.riskBands,
    timeZone: config.timeZone,
  };
  const eventRoom = { transact, rules, clock, log, newId, complete: queue.complete };
  if (has('analyze')) closers.add('analyzer', createAnalyzer(eventRoom));
  if (has('analyze')) closers.add('event closer', createEventCloser(eventRoom));
  const events = closers.add('event store', createEventStore(eventRoom));
  const detector = has('detect') ? closers.add('detector', await openDetector(config, log)) : undefined;
  if (detector) {
    const { batchMax: sizeMax, runsMax } = detector;
    const worker = createDetectWorker({
      detector,
      claim: queue.claim,
      readMedia: media.read,
      createBatcher: (run, isMoreComing) =>
        createBatcher({ run, isMoreComing, sizeMax, runsMax, delayMaxMs: config.batchDelayMaxMs }),
      store: events.store,
      fail: queue.fail,
      release: queue.release,
      forget: queue.forget,
      storeWithinMs: leaseMs,
      clock,
      log,
      onStage: latencies.observe,
    });
    pending.on(closers.add('detect worker', worker).wake);
  }

  // Who listens.
  const facts = createFacts({ config, db, bus, queue, detector, latencies, startedAt });
  const url = has('api') ? await openDoors() : undefined;
  async function openDoors(): Promise<string> {
    const readAfter = (seq: number, limit: number) => broadcast.readAfter(db, seq, limit);
    const hub = closers.add('hub', await broadcast.createHub({ bus, readAfter, readLatest: () => broadcast.readLatest(db), clock, log })); // prettier-ignore
    closers.add('outbox pruner', broadcast.createPruner({ db, replayMs: config.replayMs, clock, log }));
    const authenticator = createAuthenticator({ adminApiKey: config.adminApiKey, clock });
    // One key so far, and it sees every camera.
    const authenticate = async (request: IncomingMessage) => {
      await authenticator.authenticateUpgrade(request);
      return { keyId: 'admin', cameraIds: null };
    };
    const sockets = broadcast.createSocketServer({ hub, authenticate, status: facts.status, clock, log });
    const api = await createApi({
      ...{ db, host: config.host, port: config.port, clock, log, authenticator, timeZone: config.timeZone },
      ...{ openMedia: media.open, readMedia: media.read, annotate, transact, handleUpgrade: sockets.handleUpgrade },
      ...facts,
    });
    closers.add('api', api);
    // Opened after the API and so closed before it: an open socket would keep HTTP from draining.
    closers.add('sockets', sockets);
    return api.url;
  }

  // The source, last.
  if (has('ingest'))
    closers.add(
      'ingest',
      await createIngest({
        ...{ inbox: config.inbox, mode: config.ingestMode, settleMs: config.settleMs, polling: config.watchPolling },
        ...{ timeZone: config.timeZone, imageBytesMax: config.imageBytesMax, imagePixelsMax: config.imagePixelsMax },
        ...{ resolveCamera: queue.resolveCamera, record: queue.record, isKnownFile: queue.isKnownFile },
        ...{ storeOriginal: media.put, clock, log, onStage: latencies.observe },
      }),
    );

  return { url, detector: detector?.health(), onMessages: bus.subscribe, close: closers.closeAll };
}

async function openServer(config: Config, log: Logger, closers: Closers): Promise<DatabaseTarget> {
  if (config.databaseUrl !== undefined) return { url: config.databaseUrl };
  const server = await createEmbeddedPostgres({ dataDir: config.dataDir, log });
  return closers.add('embedded PostgreSQL', server).target;
}

const modelsDir = fileURLToPath(new URL('../models', import.meta.url));

/** `MODEL` is the name of a folder of ours, or a path. */
export const toModelDir = (model: string): string =>
  model.includes(path.sep) ? path.resolve(model) : path.join(modelsDir, model);

async function openDetector(config: Config, log: Logger) {
  const { detectWorkers: workers, detectThreads: threads, batchMax, scoreMin, labels, imagePixelsMax } = config;
  const model = await readModel(toModelDir(config.model));
  return createOnnxDetector({ model, workers, threads, batchMax, scoreMin, labels, imagePixelsMax, clock, log });
}
