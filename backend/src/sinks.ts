/** Where everything ends: the database, what is kept, what is told. And what tends them. */
import { createTallyFolder } from './api/index.ts';
import { createPruner, createTransact, type Bus } from './broadcast/index.ts';
import type { Config } from './config.ts';
import { openDatabase, prepareDatabase, type Database, type DatabaseTarget, type Transact } from './db/index.ts';
import { createHealth, type Health } from './health.ts';
import { systemClock as clock } from './lib/clock.ts';
import type { Closers } from './lib/lifecycle.ts';
import type { Logger } from './lib/log.ts';
import type { MediaStore } from './media/index.ts';
import { watchMedia } from './media-watch.ts';
import type { Meters } from './metrics/index.ts';
import { openBus } from './sharing.ts';
import { openMedia, openServer } from './stores.ts';

interface SinkParts {
  readonly config: Config;
  readonly log: Logger;
  readonly closers: Closers;
  readonly signal: AbortSignal | undefined;
  readonly meters: Meters;
}

export interface Sinks {
  readonly target: DatabaseTarget;
  readonly health: Health;
  readonly db: Database;
  readonly media: MediaStore;
  readonly mediaFreeBytes: () => number | null;
  readonly bus: Bus;
  readonly transact: Transact;
}

/** A database that is away is waited for until `signal` is aborted; then `cancelled` is thrown. */
export async function openSinks({ config, log, closers, signal, meters }: SinkParts): Promise<Sinks> {
  const target = await openServer(config, log, closers);
  await prepareDatabase(target, { clock, log, signal });
  const health = createHealth({ hasRedis: config.redisUrl !== undefined, clock, log });
  const db = closers.add(
    'database',
    openDatabase(target, { part: health.database, clock, log, onUse: meters.databaseUse }),
  );
  const store = watchMedia(await openMedia(config, log), { part: health.media, clock, log });
  const { media } = closers.add('media store', store);
  const bus = closers.add('bus', await openBus(config, db, log, health.redis));
  const transact = createTransact({ db, bus, clock, onTold: meters.told });
  closers.add('tally folder', createTallyFolder({ db, clock, log }));
  closers.add('outbox pruner', createPruner({ db, replayMs: config.replayMs, clock, log }));
  return { target, health, db, media, mediaFreeBytes: store.freeBytes, bus, transact };
}
