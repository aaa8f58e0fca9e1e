/** Nothing lost, nothing doubled: a burst of frames, and the whole process group killed in the middle of it. */
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { connect, type DatabaseTarget } from '../src/db/index.ts';
import { isGapless, readAccount } from './harness/account.ts';
import { createTestDatabase } from './harness/database.ts';
import { eventually } from './harness/eventually.ts';
import {
  createDataDir,
  drop,
  killAndWait,
  listen,
  readPostmasterPid,
  startProcess,
  type NightjarProcess,
} from './harness/nightjar.ts';
import { readStreet, withComment } from './harness/pictures.ts';
import { sized } from './harness/size.ts';

const FRAMES = sized(60, 500);
const CAMERAS = 5;
const ALL_DONE_MS = 240_000;
const TEST_MS = 400_000;

interface Depths {
  readonly queue: { readonly pending: number; readonly leased: number; readonly dead: number };
}
interface Summary {
  readonly frames: { readonly by_state: Readonly<Record<string, number>> };
}

const doneCount = async (nightjar: NightjarProcess): Promise<number> =>
  (await nightjar.get<Summary>('/api/stats/summary')).frames.by_state['done'] ?? 0;

async function dropAll(inbox: string): Promise<void> {
  const street = await readStreet();
  for (let index = 0; index < FRAMES; index += 1) {
    // A frame a second on each camera, as a capture time in the name.
    const second = Math.floor(index / CAMERAS);
    const time = `${String(Math.floor(second / 60)).padStart(2, '0')}${String(second % 60).padStart(2, '0')}`;
    await drop(inbox, `cam ${index % CAMERAS}/20240610_12${time}_${index}.jpg`, withComment(street, `frame ${index}`));
  }
}

describe('a burst of frames', () => {
  const cleanups: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  });

  async function survive(
    toTarget: (dataDir: string) => { target: DatabaseTarget; env: Record<string, string> },
    kills: { postgres: boolean },
  ) {
    const dataDir = await createDataDir();
    cleanups.push(dataDir.remove);
    const { target, env } = toTarget(dataDir.path);
    const inbox = path.join(dataDir.path, 'inbox');
    const first = await startProcess(dataDir.path, env);
    cleanups.push(() => first.kill('SIGKILL'));
    const dropping = dropAll(inbox);
    await eventually(async () => (await doneCount(first)) >= 10, { withinMs: 60_000, what: 'the first frames' });
    const heardBefore = await listen(first.url);
    await eventually(() => heardBefore.messages.length > 10, { what: 'the first messages' });
    expect(await first.kill('SIGKILL')).toBe('SIGKILL');
    if (kills.postgres) await killAndWait((await readPostmasterPid(dataDir.path)) ?? 0, 'SIGKILL');
    await dropping;

    const second = await startProcess(dataDir.path, env);
    cleanups.push(() => second.kill('SIGKILL'));
    const heard = await listen(second.url);
    await eventually(async () => (await doneCount(second)) === FRAMES, {
      withinMs: ALL_DONE_MS,
      what: 'all frames done',
    });

    const sql = connect(target, { max: 1 });
    const account = await readAccount(sql).finally(() => sql.end());
    expect(account.states).toEqual({ done: FRAMES });
    expect(account).toMatchObject({ duplicates: 0, doubled: 0, untold: 0, eventFaults: 0 });
    expect(account.seqs).toEqual({ count: account.head, first: 1, last: account.head });
    await eventually(() => heard.messages.length >= account.head, { what: 'every message' });
    expect(isGapless(heard.messages)).toBe(true);
    // What a client heard before the kill is what the others hear after it: no number was given twice.
    expect(heard.messages.slice(0, heardBefore.messages.length)).toEqual(heardBefore.messages);
    expect(await second.get<Depths>('/api/stats/pipeline')).toMatchObject({
      queue: { pending: 0, leased: 0, dead: 0 },
    });
    expect(await second.kill('SIGTERM')).toBe(0);
  }

  it('survives SIGKILL on the embedded PostgreSQL, which is killed as well', { timeout: TEST_MS }, () =>
    survive((dataDir) => ({ target: { socketDir: path.join(dataDir, 'run'), database: 'nightjar' }, env: {} }), {
      postgres: true,
    }),
  );

  it('survives SIGKILL on an external PostgreSQL', { timeout: TEST_MS }, async () => {
    const db = await createTestDatabase();
    cleanups.push(() => db.close());
    const env = { DATABASE_URL: toUrl(db.target) };
    await survive(() => ({ target: db.target, env }), { postgres: false });
  });
});

/** A URL for a server that only has a Unix socket: the folder is a parameter, as in libpq. */
function toUrl(target: DatabaseTarget): string {
  if ('url' in target) return target.url;
  return `postgres://nightjar@localhost/${target.database}?host=${encodeURIComponent(target.socketDir)}`;
}
