/** Thousands of pictures at once, while Nightjar is away, comes up, is killed and comes up again: each is recorded once. */
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { afterEach, expect, it } from 'vitest';
import { createCleanups } from './harness/cleanups.ts';
import { createTestDatabase } from './harness/database.ts';
import { eventually } from './harness/eventually.ts';
import { createDataDir, readSummary, startProcess } from './harness/nightjar.ts';
import { withComment } from './harness/pictures.ts';
import { sized } from './harness/size.ts';

const FRAMES = sized(1_200, 3_000);
const CAMERAS = 5;
const AT_ONCE = 50;
const ALL_MS_MAX = 200_000;

const cleanups = createCleanups();
afterEach(cleanups.run);

it(`takes ${FRAMES} pictures, whatever happens meanwhile`, { timeout: 300_000 }, async () => {
  const db = await createTestDatabase();
  cleanups.add(() => db.close());
  const dataDir = await createDataDir();
  cleanups.add(dataDir.remove);
  const inbox = path.join(dataDir.path, 'inbox');
  const upload = await mkdtemp(path.join(tmpdir(), 'nightjar-flood-'));
  cleanups.add(() => rm(upload, { recursive: true, force: true }));
  const tiny = await sharp({ create: { width: 32, height: 24, channels: 3, background: '#246' } })
    .jpeg()
    .toBuffer();

  const hashes: string[] = [];
  /** Every other one is written in place, the others are renamed into it. */
  async function drop(number: number): Promise<void> {
    const bytes = withComment(tiny, `frame ${number}`);
    hashes.push(createHash('sha256').update(bytes).digest('hex'));
    const target = path.join(inbox, `cam${number % CAMERAS}`, `${number % 7}`, `${number}.jpg`);
    await mkdir(path.dirname(target), { recursive: true });
    if (number % 2 === 0) return writeFile(target, bytes);
    await writeFile(path.join(upload, `${number}`), bytes);
    await rename(path.join(upload, `${number}`), target);
  }
  async function dropAll(from: number, to: number): Promise<void> {
    for (let number = from; number < to; number += AT_ONCE)
      await Promise.all(Array.from({ length: AT_ONCE }, (_, index) => drop(number + index)));
  }
  const start = async () => {
    const nightjar = await startProcess(dataDir.path, { DATABASE_URL: db.url, ROLES: 'api,ingest' });
    cleanups.add(() => nightjar.kill('SIGKILL'));
    return nightjar;
  };

  await dropAll(0, FRAMES / 2);
  const first = await start();
  const dropping = dropAll(FRAMES / 2, FRAMES);
  await eventually(async () => (await readSummary(first)).frames.total > FRAMES / 6, { withinMs: ALL_MS_MAX });
  expect(await first.kill('SIGKILL')).toBe('SIGKILL');
  await dropping;

  const second = await start();
  await eventually(async () => (await readSummary(second)).frames.total >= FRAMES, { withinMs: ALL_MS_MAX });
  const frames = await db.query((sql) => sql<{ sha256: string }[]>`select sha256 from frames where state = 'pending'`);
  expect(frames.map(({ sha256 }) => sha256).sort()).toEqual(hashes.sort());
  await eventually(
    async () => (await readdir(inbox, { recursive: true, withFileTypes: true })).every((entry) => entry.isDirectory()),
    { withinMs: ALL_MS_MAX, what: 'the empty inbox' },
  );
  expect((await readSummary(second)).frames).toMatchObject({ total: FRAMES, by_state: { dead: 0, pending: FRAMES } });
  expect(await second.kill('SIGTERM')).toBe(0);
});
