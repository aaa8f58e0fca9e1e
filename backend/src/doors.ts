import { createApi, createAuthenticator, createHealthApi, type GuestDetector } from './api/index.ts';
import { createHub, createSocketServer, readAfter, readLatest, type Bus } from './broadcast/index.ts';
import type { Config } from './config.ts';
import type { Database, Transact } from './db/index.ts';
import { annotate, measurePicture } from './detect/index.ts';
import type { Detection } from './detection.ts';
import type { Facts } from './facts.ts';
import { systemClock as clock } from './lib/clock.ts';
import type { Closers } from './lib/lifecycle.ts';
import type { Logger } from './lib/log.ts';
import type { Tracer } from './lib/trace.ts';
import type { MediaStore } from './media/index.ts';
import type { Meters } from './metrics/index.ts';
import { toInspect } from './parts.ts';
import { createClipRequeue, createRequeue } from './queue/index.ts';

interface DoorParts {
  readonly config: Config;
  readonly log: Logger;
  readonly closers: Closers;
  readonly db: Database;
  readonly bus: Bus;
  readonly media: MediaStore;
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
  const authenticator = createAuthenticator({ adminApiKey: config.adminApiKey, clock });
  const authenticate = authenticator.authenticateUpgrade;
  const sockets = closers.add(
    'sockets',
    createSocketServer({ hub, authenticate, status: facts.status, clock, log, meter: meters.socket }),
  );
  const api = await createApi({
    ...facts,
    ...toFigures(meters),
    db,
    transact,
    host: config.host,
    port: config.port,
    timeZone: config.timeZone,
    authenticator,
    clock,
    log,
    openMedia: media.open,
    readMedia: media.read,
    detector: toGuestDetector(parts),
    requeue: createRequeue({ db, hasMedia: media.has, inspect: toInspect(media, config) }),
    requeueClips: createClipRequeue({ db, hasMedia: media.has }),
    handleUpgrade: sockets.handleUpgrade,
    annotate: (bytes, objects, { width }) => annotate(bytes, objects, { width, imagePixelsMax: config.imagePixelsMax }),
  });
  closers.add('api', api);
  // Named once more, so that they are closed before the API: an open socket would keep HTTP from draining.
  closers.add('sockets, first', sockets);
  return api.url;
}

/** Of a process without the API, for probes and collectors of figures. */
export async function openHealthDoor(
  port: number,
  { config, log, closers, db, facts, meters }: DoorParts,
): Promise<void> {
  const authenticator = createAuthenticator({ adminApiKey: config.adminApiKey, clock });
  closers.add(
    'health',
    await createHealthApi({ ...facts, ...toFigures(meters), db, authenticator, host: config.host, port, clock, log }),
  );
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
