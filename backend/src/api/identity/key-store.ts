/**
 * Keys and ended sessions in memory, so that no request asks the database who is there, and keys go on working while it
 * is away. Told of changes by a notice, which is a hint; looking every moment is the truth: a key that is revoked anywhere
 * is refused here within a second. While the database is away nobody can revoke one; a process that alone has lost it goes
 * by what it last knew.
 */
import { listenFor, type Database } from '../../db/index.ts';
import type { Clock } from '../../lib/clock.ts';
import { createCoalescer } from '../../lib/coalesce.ts';
import type { Logger } from '../../lib/log.ts';
import { createLoop } from '../../lib/loop.ts';
import { hashKey } from './api-key.ts';
import { IDENTITY_CHANNEL, readIdentities, type StoredKey } from './key-rows.ts';
import { createUses } from './key-uses.ts';
import { createIdentityPruner } from './pruner.ts';

/** With the time that one look takes, less than a second. */
const POLL_MS = 800;
const WAITING_MAX = 10_000;

export interface KeyStore {
  /** The holder of this key: not revoked, but it may have expired. */
  find(apiKey: string): StoredKey | undefined;
  byId(id: string): StoredKey | undefined;
  isEnded(sessionId: string): boolean;
  /** What the sessions of this house are signed with; undefined for as long as it is not loaded. */
  sessionSecret(): string | undefined;
  /** False until the database was read for the first time: who is not known then, may be by and by. */
  isLoaded(): boolean;
  /** Notes that a key was used; written by and by. */
  use(id: string): void;
  /** Looks at the database now; what was committed before the call is known after it. Never throws. */
  refresh(): Promise<void>;
  /** Calls after every look. */
  onLook(listener: () => void): void;
  close(): Promise<void>;
}

export interface KeyStoreOptions {
  readonly db: Database;
  /** The time of day. */
  readonly clock: Clock;
  readonly log: Logger;
  readonly pollMs?: number;
  /** Off, it finds out by looking only. */
  readonly listen?: boolean;
}

/** Resolves when it knows all keys, or when the database is away just now. */
export async function createKeyStore(options: KeyStoreOptions): Promise<KeyStore> {
  const { db, clock, log, pollMs = POLL_MS, listen = true } = options;
  let byHash = new Map<string, StoredKey>();
  let byId = new Map<string, StoredKey>();
  let ended = new Set<string>();
  let secret: string | undefined;
  const listeners: (() => void)[] = [];
  const uses = createUses({ db, clock, log });
  const pruner = createIdentityPruner({ db, clock, log });

  async function look(): Promise<void> {
    const { keys, endedSessions, sessionSecret } = await readIdentities(db);
    byHash = new Map(keys.map((key) => [key.keyHash, key]));
    byId = new Map(keys.map((key) => [key.id, key]));
    ended = new Set(endedSessions.map(({ id }) => id));
    secret = sessionSecret;
    for (const tell of listeners) tell();
  }

  // One look at a time, so that none overwrites what a later one saw; who asks during one gets the next.
  const looks = createCoalescer<null, undefined>({
    sizeMax: WAITING_MAX,
    run: (waiting) => look().then(() => waiting.map(() => undefined)),
  });
  const refresh = (): Promise<void> =>
    looks.add(null).catch((thrown: unknown) => log.debug({ err: thrown }, 'keys were not read; they will be'));

  await refresh();
  const runOnce = (): Promise<boolean> => looks.add(null).then(() => false);
  const loop = createLoop({ name: 'keys', clock, log, idleMs: pollMs, runOnce });
  const notices = listen ? listenFor(db, IDENTITY_CHANNEL, loop.wake, log) : undefined;

  return {
    find: (apiKey) => byHash.get(hashKey(apiKey)),
    byId: (id) => byId.get(id),
    isEnded: (sessionId) => ended.has(sessionId),
    sessionSecret: () => secret,
    isLoaded: () => secret !== undefined,
    use: uses.note,
    refresh,
    onLook: (listener) => void listeners.push(listener),
    async close() {
      await notices?.close();
      await Promise.all([loop.close(), uses.close(), pruner.close()]);
    },
  };
}
