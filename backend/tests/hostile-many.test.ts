/**
 * So many files in one folder that no list of them should be held: memory stays flat, the line goes on. CI takes a
 * few hundred, `npm run test:large` 100,000.
 */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { afterEach, expect, it } from 'vitest';
import type { FrameWire } from '../src/model/wire.ts';
import { createCleanups } from './harness/cleanups.ts';
import { createTestDatabase } from './harness/database.ts';
import { eventually } from './harness/eventually.ts';
import { createDataDir, drop, getAll, startProcess } from './harness/nightjar.ts';
import { withComment } from './harness/pictures.ts';
import { sized } from './harness/size.ts';

const FILES = sized(300, 100_000);
const CONTENTS = 10;
const AT_ONCE = 100;
/** At its peak, garbage included: it was 71 MiB with 20,000 files, and 174 and 170 with 100,000. */
const MEMORY_GROWTH_BYTES_MAX = 256 * 1024 ** 2;
const ALL_MS_MAX = Math.max(200_000, FILES * 20);

const cleanups = createCleanups();
afterEach(cleanups.run);

/** What the process holds now, and the most that it ever held; bytes. */
async function readMemory(pid: number): Promise<{ readonly now: number; readonly peak: number }> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => ''); // Linux only; elsewhere it is not measured.
  const read = (field: string): number => Number(new RegExp(`${field}:\\s+(\\d+) kB`).exec(status)?.[1] ?? 0) * 1024;
  return { now: read('VmRSS'), peak: read('VmHWM') };
}

/** The same few contents under many names: the ledger has a few frames, and all the work is ingest's. */
async function fill(folder: string, jpeg: Buffer): Promise<void> {
  await mkdir(folder, { recursive: true });
  const contents = Array.from({ length: CONTENTS }, (_, number) => withComment(jpeg, `content ${number}`));
  for (let from = 0; from < FILES; from += AT_ONCE)
    await Promise.all(
      Array.from({ length: AT_ONCE }, (_, index) =>
        writeFile(path.join(folder, `${from + index}.jpg`), contents[(from + index) % CONTENTS] ?? ''),
      ),
    );
}

it.each(['move', 'copy'] as const)(
  `${FILES} files in one folder, mode %s: memory stays flat, and a picture dropped last is recorded`,
  { timeout: ALL_MS_MAX * 2 },
  async (mode) => {
    const db = await createTestDatabase();
    cleanups.add(() => db.close());
    const dataDir = await createDataDir();
    cleanups.add(dataDir.remove);
    const inbox = await mkdtemp(path.join(tmpdir(), 'nightjar-many-'));
    cleanups.add(() => rm(inbox, { recursive: true, force: true }));
    const jpeg = await sharp({ create: { width: 32, height: 24, channels: 3, background: '#246' } })
      .jpeg()
      .toBuffer();
    const nightjar = await startProcess(dataDir.path, { DATABASE_URL: db.url, CAMERA_ROOT: inbox, INGEST_MODE: mode, ROLES: 'api,ingest' }); // prettier-ignore
    cleanups.add(() => nightjar.kill('SIGKILL'));

    const isFound = async (name: string): Promise<boolean> =>
      (await getAll<FrameWire>(nightjar, '/api/frames?camera_id=good')).some(({ source_name }) => source_name === name);
    await drop(inbox, 'good/first.jpg', withComment(jpeg, 'first'));
    await eventually(() => isFound('first.jpg'), { what: 'the first picture' });
    const { now: beforeBytes } = await readMemory(nightjar.pid);
    const startedMs = performance.now();
    await fill(path.join(inbox, 'many'), jpeg);
    await eventually(async () => (await countLeft()) === 0, { withinMs: ALL_MS_MAX, what: 'every file dealt with' });
    const seconds = (performance.now() - startedMs) / 1_000;
    const growthBytes = (await readMemory(nightjar.pid)).peak - beforeBytes;
    await drop(inbox, 'good/last.jpg', withComment(jpeg, 'last'));
    await eventually(() => isFound('last.jpg'), { withinMs: ALL_MS_MAX, what: 'the picture dropped last' });
    expect(await getAll<FrameWire>(nightjar, '/api/frames')).toHaveLength(CONTENTS + 2);
    const megabytes = (bytes: number): number => Math.round(bytes / 2 ** 20);
    process.stdout.write(`${FILES} files, ${mode}: ${seconds.toFixed(1)} s, ${megabytes(beforeBytes)} MiB before, at most ${megabytes(growthBytes)} more\n`); // prettier-ignore
    expect(growthBytes).toBeLessThan(MEMORY_GROWTH_BYTES_MAX);

    async function countLeft(): Promise<number> {
      if (mode === 'move') return (await readdir(path.join(inbox, 'many'))).length;
      const [row] = await db.query((sql) => sql<{ count: number }[]>`select count(*) from inbox_files`);
      return FILES + 1 - (row?.count ?? 0);
    }
  },
);
