import { createApi, createAuthenticator } from './api/index.ts';
import { createHub, createSocketServer, readAfter, readLatest, type Bus } from './broadcast/index.ts';
import type { Config } from './config.ts';
import type { Database, Transact } from './db/index.ts';
import { annotate } from './detect/index.ts';
import type { Facts } from './facts.ts';
import { systemClock as clock } from './lib/clock.ts';
import type { Closers } from './lib/lifecycle.ts';
import type { Logger } from './lib/log.ts';
import type { MediaStore } from './media/index.ts';

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
export async function openDoors({ config, log, closers, db, bus, media, transact, facts }: DoorParts): Promise<string> {
  const readers = {
    readAfter: (seq: number, limit: number) => readAfter(db, seq, limit),
    readLatest: () => readLatest(db),
  };
  const hub = closers.add('hub', await createHub({ bus, ...readers, clock, log }));
  const authenticator = createAuthenticator({ adminApiKey: config.adminApiKey, clock });
  const authenticate = authenticator.authenticateUpgrade;
  const sockets = closers.add('sockets', createSocketServer({ hub, authenticate, status: facts.status, clock, log }));
  const api = await createApi({
    ...facts,
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
    handleUpgrade: sockets.handleUpgrade,
    annotate: (bytes, objects, { width }) => annotate(bytes, objects, { width, imagePixelsMax: config.imagePixelsMax }),
  });
  closers.add('api', api);
  // Named once more, so that they are closed before the API: an open socket would keep HTTP from draining.
  closers.add('sockets, first', sockets);
  return api.url;
}
