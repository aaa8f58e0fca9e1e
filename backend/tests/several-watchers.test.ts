/** Two watchers of one inbox, on one media store: nothing is doubled, and nothing lost when one of them is killed. */
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { isGapless, readAccount } from './harness/account.ts';
import { createCleanups } from './harness/cleanups.ts';
import { createTestDatabase, type TestDatabase } from './harness/database.ts';
import { eventually } from './harness/eventually.ts';
import { createDataDir, drop, listen, readSummary, startProcess, type NightjarProcess } from './harness/nightjar.ts';
import { sized } from './harness/size.ts';
import { startRtdetr } from './standins/rtdetr-server.ts';
import { drawScene, expectedOf } from './standins/scene.ts';

const PICTURES = sized(90, 150);
/** Every so manieth comes a second time, under another name. */
const TWICE_EACH = 5;
const CAMERAS = 3;
const ALL_DONE_MS = 90_000;
const TEST_MS = 150_000;

const cleanups = createCleanups();
afterEach(cleanups.run);

interface House {
  readonly db: TestDatabase;
  readonly inbox: string;
  readonly dataDir: string;
  readonly asked: ReadonlyMap<number, number>;
  start(roles: string): Promise<NightjarProcess>;
}

async function openHouse(mode: 'move' | 'copy'): Promise<House> {
  const db = await createTestDatabase();
  cleanups.add(db.close);
  const dataDir = await createDataDir();
  cleanups.add(dataDir.remove);
  const inbox = await mkdtemp(path.join(tmpdir(), 'nightjar-inbox-'));
  cleanups.add(() => rm(inbox, { recursive: true, force: true }));
  const detector = await startRtdetr();
  cleanups.add(() => detector.kill());
  const env = { DATABASE_URL: db.url, CAMERA_ROOT: inbox, INGEST_MODE: mode, DETECTORS: `remote:${detector.url}` };
  return {
    db,
    inbox,
    dataDir: dataDir.path,
    asked: detector.counters.pictures,
    async start(roles) {
      const started = await startProcess(dataDir.path, { ...env, ROLES: roles });
      cleanups.add(() => started.kill('SIGKILL'));
      return started;
    },
  };
}

const toCamera = (number: number): string => `cam ${number % CAMERAS}`;

/** Drops them all, some twice, and calls `onHalf` on the way; resolves to the media paths that must be there. */
async function dropPictures(inbox: string, onHalf: () => void): Promise<string[]> {
  const mediaPaths: string[] = [];
  for (let number = 0; number < PICTURES; number += 1) {
    const bytes = await drawScene(number);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    mediaPaths.push(`cam_${number % CAMERAS}/${sha256.slice(0, 2)}/${sha256}.jpg`);
    await drop(inbox, `${toCamera(number)}/${number}.jpg`, bytes);
    if (number % TWICE_EACH === 0) await drop(inbox, `${toCamera(number)}/again/${number}.jpg`, bytes);
    if (number === PICTURES / 2) onHalf();
  }
  return mediaPaths.toSorted();
}

const listFiles = async (folder: string): Promise<string[]> =>
  (await readdir(folder, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)))
    .toSorted();

async function untilSettled(api: NightjarProcess): Promise<void> {
  await eventually(async () => (await readSummary(api)).frames.by_state.done >= PICTURES, {
    withinMs: ALL_DONE_MS,
    what: 'every picture examined',
  });
}

/** What must hold however they came in. */
async function checkHouse({ db, dataDir, asked }: House, mediaPaths: readonly string[]): Promise<void> {
  const account = await db.query((sql) => readAccount(sql));
  expect(account.states).toEqual({ done: PICTURES });
  expect(account).toMatchObject({ duplicates: 0, doubled: 0, untold: 0, eventFaults: 0 });
  expect(account.seqs).toEqual({ count: account.head, first: 1, last: account.head });
  const [attempts] = await db.query((sql) => sql<{ max: number }[]>`select max(attempts) from frames`);
  expect(attempts?.max).toBe(1);
  expect([...asked.entries()].filter(([number]) => number < PICTURES).map(([, times]) => times)).toEqual(
    Array.from({ length: PICTURES }, () => 1),
  );
  expect(await listFiles(path.join(dataDir, 'media'))).toEqual(mediaPaths);
}

it.each(['move', 'copy'] as const)('examines each picture once (%s)', async (mode) => {
  const house = await openHouse(mode);
  const api = await house.start('detect,analyze,api');
  const watchers = await Promise.all([house.start('ingest'), house.start('ingest')]);
  const dashboard = await listen(api.url);
  const mediaPaths = await dropPictures(house.inbox, () => undefined);
  await untilSettled(api);
  if (mode === 'move') await eventually(async () => (await listFiles(house.inbox)).length === 0, { withinMs: 30_000, what: 'an empty inbox' }); // prettier-ignore
  else expect(await listFiles(house.inbox)).toHaveLength(PICTURES + Math.ceil(PICTURES / TWICE_EACH));
  await checkHouse(house, mediaPaths);

  const withDetections = Array.from({ length: PICTURES }, (_, number) => expectedOf(number)).filter((seen) => seen.length > 0); // prettier-ignore
  const created = () => dashboard.messages.filter(({ type }) => type === 'detection.created');
  await eventually(() => created().length >= withDetections.length, { what: 'every detection told' });
  expect(created()).toHaveLength(withDetections.length);
  expect(isGapless(dashboard.messages)).toBe(true);
  expect(await Promise.all(watchers.map((one) => one.kill('SIGTERM')))).toEqual([0, 0]);
  // Nothing of ours is left among what belongs to the cameras.
  const left = await readdir(house.inbox, { recursive: true });
  expect(left.filter((name) => name.includes('.nightjar'))).toEqual([]);
}, TEST_MS); // prettier-ignore

it('loses nothing when one of them is killed in the middle', async () => {
  const house = await openHouse('move');
  const api = await house.start('detect,analyze,api');
  const [victim] = await Promise.all([house.start('ingest'), house.start('ingest')]);
  let killed: Promise<unknown> | undefined;
  const mediaPaths = await dropPictures(house.inbox, () => (killed = victim.kill('SIGKILL')));
  expect(await killed).toBe('SIGKILL');
  await untilSettled(api);
  // What the victim had set aside for removal belongs to nobody until the next scan: a third watcher begins with one.
  await house.start('ingest');
  await eventually(async () => (await listFiles(house.inbox)).length === 0, { withinMs: 30_000, what: 'an empty inbox' });
  const halfWritten = path.join(house.dataDir, 'media/.unfinished');
  const torn = (await listFiles(halfWritten)).map((name) => path.join('.unfinished', name));
  await checkHouse(house, [...mediaPaths, ...torn].toSorted());
}, TEST_MS); // prettier-ignore
