/** A clip in the inbox: cut into frames, each examined once, whatever is killed. */
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { H264, makeFilm, readNumber } from '../src/clips/test-films.ts';
import type { ClipWire, FrameWire } from '../src/model/wire.ts';
import { createCleanups } from './harness/cleanups.ts';
import { createTestDatabase, type TestDatabase } from './harness/database.ts';
import { eventually } from './harness/eventually.ts';
import {
  API_KEY,
  createDataDir,
  drop,
  getAll,
  startProcess,
  untilDone,
  type NightjarProcess,
} from './harness/nightjar.ts';

const SECONDS = 20;
const RATE = 10;
const INTERVAL_MS = 800;
const PLANNED = Array.from({ length: 25 }, (_, place) => place * INTERVAL_MS);

const cleanups = createCleanups();
let dataDir: Awaited<ReturnType<typeof createDataDir>>;
let film: Buffer;
let nightjar: NightjarProcess;

let db: TestDatabase;
async function start(): Promise<NightjarProcess> {
  const started = await startProcess(dataDir.path, {
    DATABASE_URL: db.url,
    CLIP_FRAME_INTERVAL_S: String(INTERVAL_MS / 1_000),
  });
  cleanups.add(() => started.kill('SIGKILL'));
  return started;
}

beforeAll(async () => {
  db = await createTestDatabase();
  cleanups.add(db.close);
  dataDir = await createDataDir();
  cleanups.add(dataDir.remove);
  const folder = await mkdtemp(path.join(tmpdir(), 'nightjar-films-'));
  cleanups.add(() => rm(folder, { recursive: true, force: true }));
  const filters = ',scale=1920:768:flags=neighbor';
  film = await readFile(
    await makeFilm(path.join(folder, 'film.mp4'), { seconds: SECONDS, rate: RATE, filters, args: H264 }),
  );
  nightjar = await start();
});

afterAll(cleanups.run);

async function readClip(): Promise<ClipWire | undefined> {
  const [clip, ...others] = await getAll<ClipWire>(nightjar, '/api/clips');
  expect(others).toEqual([]);
  return clip;
}

const readFrames = async (): Promise<readonly FrameWire[]> => getAll<FrameWire>(nightjar, '/api/frames');

async function readImage(id: string): Promise<Buffer> {
  const response = await fetch(`${nightjar.url}/api/frames/${id}/image`, { headers: { 'x-api-key': API_KEY } });
  return Buffer.from(await response.arrayBuffer());
}

/** ffmpegs that read from this test's media store. */
const ffmpegs = (): readonly string[] =>
  readdirSync('/proc').filter((pid) => {
    try {
      const said = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      return said.includes('ffmpeg') && said.includes(`file:${dataDir.path}`);
    } catch {
      return false; // it ended in this moment, or is no process
    }
  });

it('becomes its frames, each once and at its own time, though the process is killed while it cuts', async () => {
  await drop(path.join(dataDir.path, 'inbox'), 'Gate/20240610_120000.mp4', film);
  await eventually(async () => (await readFrames()).length >= 2, { withinMs: 30_000, what: 'the first frames' });
  await nightjar.kill('SIGKILL');
  await eventually(() => ffmpegs().length === 0, { what: 'the end of an ffmpeg that nobody reads from' });
  nightjar = await start();
  await untilDone(nightjar, PLANNED.length);

  const clip = await eventually(async () => {
    const found = await readClip();
    return found?.state === 'done' ? found : undefined;
  });
  expect(clip).toMatchObject({ captured_at: '2024-06-10T12:00:00.000Z', width: 1_920, height: 768, error: null });
  const frames = (await readFrames()).toReversed();
  expect(frames.map(({ clip_offset_ms }) => clip_offset_ms)).toEqual(PLANNED);
  expect(frames.every(({ state, clip_id }) => state === 'done' && clip_id === clip.id)).toBe(true);
  const startMs = Date.parse('2024-06-10T12:00:00Z');
  expect(frames.map(({ captured_at }) => Date.parse(captured_at) - startMs)).toEqual(PLANNED);
  const numbers = await Promise.all(frames.map(async ({ id }) => readNumber(await readImage(id))));
  expect(numbers).toEqual(PLANNED.map((offsetMs) => (offsetMs * RATE) / 1_000));
});
