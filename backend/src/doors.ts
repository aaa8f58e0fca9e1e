import { createApi, createHealthApi, createUpgradeLimit, type GuestDetector } from './api/index.ts';
import { createHub, createSocketServer, readAfter, readLatest, type Bus } from './broadcast/index.ts';
import type { Config } from './config.ts';
import type { Database, Transact } from './db/index.ts';
import { createReceive } from './ingest/index.ts';
import { annotate, measurePicture } from './detect/index.ts';
import type { Detection } from './detection.ts';
import { createRuleTrials } from './events/index.ts';
import type { Facts } from './facts.ts';
import { openIdentity } from './identity.ts';
import { steadyClock as steady, systemClock as clock } from './lib/clock.ts';
import { newId } from './lib/id.ts';
import type { Closers } from './lib/lifecycle.ts';
import type { Logger } from './lib/log.ts';
import type { Tracer } from './lib/trace.ts';
import type { MediaStore } from './media/index.ts';
import type { Meters } from './metrics/index.ts';
import { createTester } from './notify/index.ts';
import { openRateLimiter } from './sharing.ts';
import { toInspect } from './stores.ts';
import { createClipRequeue, createRequeue, type Queue } from './queue/index.ts';

interface DoorParts {
  readonly config: Config;
  readonly log: Logger;
  readonly closers: Closers;
  readonly db: Database;
  readonly bus: Bus;
  readonly media: MediaStore;
  readonly queue: Pick<Queue, 'record'>;
  readonly transact: Transact;
  readonly facts: Facts;
  readonly detection: Detection;
  readonly meters: Meters;
  readonly tracer: Tracer;
}

/** Runs' worth of guests' pictures in the works, one computing and one decoded: the pipeline has three in hand. */
const GUEST_RUNS_IN_HAND = 2;
/** Where batches are large. */
const GUEST_PICTURES_AT_ONCE_MAX = 64;

/** The API and the sockets, on one port. */
export async function openDoors(parts: DoorParts): Promise<string> {
  const { config, log, closers, db, bus, media, transact, facts, meters, tracer } = parts;
  const readers = {
    readAfter: (seq: number, limit: number) => readAfter(db, seq, limit),
    readLatest: () => readLatest(db),
  };
  const hub = closers.add('hub', await createHub({ bus, ...readers, clock, log, tracer }));
  const { authenticator, keys } = await openIdentity(parts);
  const rateLimiter = await openRateLimiter(parts);
  const authenticate = createUpgradeLimit(authenticator, rateLimiter);
  const { reasonToLeave } = authenticator;
  const socketOptions = { hub, authenticate, reasonToLeave, status: facts.status, clock, log, meter: meters.socket };
  const sockets = closers.add('sockets', createSocketServer(socketOptions));
  keys.onLook(sockets.recheck);
  const api = await createApi({
    ...facts,
    ...toFigures(meters),
    db,
    transact,
    host: config.host,
    port: config.port,
    timeZone: config.timeZone,
    authenticator,
    rateLimiter,
    trustedProxies: config.trustedProxies,
    corsOrigins: config.corsOrigins,
    tls: config.tls,
    clock,
    log,
    openMedia: media.open,
    readMedia: media.read,
    settings: config.settings,
    receivePicture: toReceive(parts),
    detector: toGuestDetector(parts),
    requeue: createRequeue({ db, hasMedia: media.has, inspect: toInspect(media, config) }),
    requeueClips: createClipRequeue({ db, hasMedia: media.has }),
    testChannel: createTester({ db, clock, newId, allowed: config.notifyPrivateAllowed }),
    tryRule: createRuleTrials({ db, clock: steady }),
    handleUpgrade: sockets.handleUpgrade,
    annotate: (bytes, objects, { width }) => annotate(bytes, objects, { width, imagePixelsMax: config.imagePixelsMax }),
  });
  closers.add('api', api);
  // Named once more, so that they are closed before the API: an open socket would keep HTTP from draining.
  closers.add('sockets, first', sockets);
  return api.url;
}

/** Of a process without the API, for probes and collectors of figures. */
export async function openHealthDoor(port: number, parts: DoorParts): Promise<void> {
  const { config, log, closers, db, facts, meters } = parts;
  const { trustedProxies, tls, host } = config;
  const { authenticator } = await openIdentity(parts);
  const told = { ...facts, ...toFigures(meters), db, authenticator };
  closers.add('health', await createHealthApi({ ...told, trustedProxies, tls, host, port, clock, log }));
}

/** Pictures that come by HTTP, whether this process has an inbox or not. */
function toReceive({ config: { timeZone, imagePixelsMax }, media, queue, tracer }: DoorParts) {
  const sinks = { storeOriginal: media.put, record: queue.record };
  return createReceive({ timeZone, imagePixelsMax, calendar: clock, tracer, ...sinks });
}

const toFigures = ({ read, request }: Meters) => ({ figures: read, onRequest: request });

/** The detector as the API's guests may use it: what a picture of the inbox may be, theirs may be. */
function toGuestDetector({ config, detection }: DoorParts): GuestDetector {
  const { imageBytesMax, imagePixelsMax } = config;
  const runs = detection.detectors.map(({ batchMax, runsMax }) => batchMax * runsMax * GUEST_RUNS_IN_HAND);
  return {
    imageBytesMax,
    picturesAtOnceMax: Math.min(GUEST_PICTURES_AT_ONCE_MAX, Math.max(1, runs[0] ?? 1)),
    measure: (bytes) => measurePicture(bytes, { imagePixelsMax }),
    examine: detection.examine,
  };
}
