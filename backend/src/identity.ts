/** Who may come in: the keys, and those who watch over them. */
import { createAuthenticator, createGuard, createKeyStore, type Authenticator, type KeyStore } from './api/index.ts';
import { readHouseId } from './broadcast/index.ts';
import type { Config } from './config.ts';
import type { Database } from './db/index.ts';
import { systemClock as clock } from './lib/clock.ts';
import type { Closers } from './lib/lifecycle.ts';
import type { Logger } from './lib/log.ts';

interface IdentityParts {
  readonly config: Pick<Config, 'adminApiKey' | 'redisUrl'>;
  readonly log: Logger;
  readonly closers: Closers;
  readonly db: Database;
}

export async function openIdentity(
  parts: IdentityParts,
): Promise<{ readonly authenticator: Authenticator; readonly keys: KeyStore }> {
  const { config, log, closers, db } = parts;
  const { adminApiKey, redisUrl: url } = config;
  const redis = url === undefined ? undefined : { url, houseId: await readHouseId(db) };
  const guard = closers.add('guard', createGuard({ log, redis }));
  const keys = closers.add('keys', await createKeyStore({ db, clock, log }));
  return { authenticator: createAuthenticator({ adminApiKey, clock, keys, guard }), keys };
}
