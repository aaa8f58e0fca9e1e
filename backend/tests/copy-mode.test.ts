/** A folder that the user named: its files are examined and left alone. */
import { mkdtemp, readFile, rm, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { DetectionWire, FrameWire } from '../src/model/wire.ts';
import { createCleanups } from './harness/cleanups.ts';
import { createTestDatabase, type TestDatabase } from './harness/database.ts';
import { toIou } from './harness/fixtures.ts';
import {
  createDataDir,
  drop,
  getAll,
  listen,
  startProcess,
  untilDone,
  type NightjarProcess,
} from './harness/nightjar.ts';
import { readStreet, withComment } from './harness/pictures.ts';

/** EXIF: the picture is to be turned a quarter to the right before it is looked at. */
const ORIENTATION_TURN_RIGHT = 6;
const STRONG_SCORE = 0.55;

const cleanups = createCleanups();
let dataDir: Awaited<ReturnType<typeof createDataDir>>;
let cameras: string;
let nightjar: NightjarProcess;

let db: TestDatabase;
async function start(): Promise<NightjarProcess> {
  const started = await startProcess(dataDir.path, { DATABASE_URL: db.url, CAMERA_ROOT: cameras });
  cleanups.add(() => started.kill('SIGKILL'));
  return started;
}

beforeAll(async () => {
  db = await createTestDatabase();
  cleanups.add(db.close);
  dataDir = await createDataDir();
  cleanups.add(dataDir.remove);
  cameras = await mkdtemp(path.join(tmpdir(), 'nightjar-cameras-'));
  cleanups.add(() => rm(cameras, { recursive: true, force: true }));
  nightjar = await start();
});

afterAll(cleanups.run);

async function readDetections(sourceName: string): Promise<{ frame: FrameWire; detections: DetectionWire[] }> {
  const frame = (await getAll<FrameWire>(nightjar, '/api/frames')).find(
    ({ source_name }) => source_name === sourceName,
  );
  if (!frame) throw new Error(`there is no frame of ${sourceName}`);
  const all = await getAll<DetectionWire>(nightjar, '/api/detections');
  return { frame, detections: all.filter(({ frame_id }) => frame_id === frame.id) };
}

it('leaves the files, and sees a turned picture as a viewer does', async () => {
  const upright = await readStreet();
  const turned = await sharp(upright)
    .rotate(-90)
    .jpeg({ quality: 100, chromaSubsampling: '4:4:4' })
    .withMetadata({ orientation: ORIENTATION_TURN_RIGHT })
    .toBuffer();
  await drop(cameras, 'Gate/20240610_120000.jpg', upright);
  await drop(cameras, 'Gate/20240610_120001.jpg', turned);
  await untilDone(nightjar, 2);
  expect(await readFile(path.join(cameras, 'Gate/20240610_120000.jpg'))).toEqual(upright);
  expect(await readFile(path.join(cameras, 'Gate/20240610_120001.jpg'))).toEqual(turned);

  const one = await readDetections('20240610_120000.jpg');
  const other = await readDetections('20240610_120001.jpg');
  expect(await sharp(turned).metadata()).toMatchObject({ width: 576, height: 768 });
  expect([other.frame.width, other.frame.height]).toEqual([768, 576]);
  const strong = one.detections.filter(({ score }) => score >= STRONG_SCORE);
  expect(strong.length).toBeGreaterThanOrEqual(2);
  for (const { label, bbox } of strong)
    expect(
      Math.max(...other.detections.filter((d) => d.label === label).map((d) => toIou(d.bbox, bbox))),
    ).toBeGreaterThan(0.75);
});

it('examines nothing twice: not after a restart, not when a file is touched, not under another name', async () => {
  expect(await nightjar.kill('SIGTERM')).toBe(0);
  await utimes(path.join(cameras, 'Gate/20240610_120000.jpg'), new Date(), new Date());
  nightjar = await start();
  const dashboard = await listen(nightjar.url);
  await drop(cameras, 'Gate/again/20240610_120000.jpg', await readStreet());
  await drop(cameras, 'Gate/20240610_120002.jpg', withComment(await readStreet(), 'another'));
  await untilDone(nightjar, 3);
  const frames = await getAll<FrameWire>(nightjar, '/api/frames');
  expect(frames.map(({ source_name, state, attempts }) => [source_name, state, attempts])).toEqual([
    ['20240610_120002.jpg', 'done', 1],
    ['20240610_120001.jpg', 'done', 1],
    ['20240610_120000.jpg', 'done', 1],
  ]);
  const told = dashboard.messages.flatMap(({ type, data }) => (type === 'detection.created' ? [data.frame.id] : []));
  expect(new Set(told).size).toBe(told.length);
});
