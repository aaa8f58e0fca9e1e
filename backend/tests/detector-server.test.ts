/** Other programs use Nightjar's detector: the real model behind three protocols, asked by the real curl. */
import { execFile } from 'node:child_process';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { batchSchema } from '../src/api/detector-server/detect-routes.ts';
import type { DetectedObject } from '../src/model/index.ts';
import type { DetectionWire, FrameWire } from '../src/model/wire.ts';
import { createCleanups } from './harness/cleanups.ts';
import { createTestDatabase } from './harness/database.ts';
import { eventually } from './harness/eventually.ts';
import {
  API_KEY,
  createDataDir,
  drop,
  getAll,
  readSummary,
  runCli,
  startProcess,
  untilDone,
  type NightjarProcess,
} from './harness/nightjar.ts';
import { camerasDir, readStreet, withComment } from './harness/pictures.ts';
import { sized } from './harness/size.ts';

const STREET = path.join(camerasDir, 'Front Door/192.168.1.64_01_20240610143000250_MOTION_DETECTION.jpg');
const CAT = path.join(camerasDir, 'Living Room/snapshot_20240610_091530.png');
const GPU = '0, GPU-5f3c, NVIDIA L4, 550.54.15, 12, [N/A], 1024, 23034, 35, 68.12, 72.00';
const BURST = 60;
const LARGER_THAN_A_FORM_BYTES = 60 * 1_024 ** 2;
const GUESTS = 12;
/** Guests who send again as soon as they are answered, and how many pictures each time. */
const CROWD = 4;
const CROWD_PICTURES = 16;
const CROWDED_FRAMES = sized(24, 40);

const cleanups = createCleanups();
let nightjar: NightjarProcess;
let dir: string;
let inbox: string;
/** What the command sees. */
let street: string[];
let cat: string[];

beforeAll(async () => {
  const db = await createTestDatabase();
  cleanups.add(db.close);
  const dataDir = await createDataDir();
  cleanups.add(dataDir.remove);
  dir = dataDir.path;
  inbox = path.join(dir, 'inbox');
  const tools = await installGpu(path.join(dir, 'tools'));
  nightjar = await startProcess(dir, {
    DATABASE_URL: db.url,
    PATH: `${tools}${path.delimiter}${process.env['PATH'] ?? ''}`,
  });
  cleanups.add(() => nightjar.kill('SIGKILL'));
  street = await detectByCommand(STREET);
  cat = await detectByCommand(CAT);
}, 180_000);
afterAll(cleanups.run);

/** A program that speaks as nvidia-smi does. */
async function installGpu(folder: string): Promise<string> {
  await mkdir(folder);
  await writeFile(path.join(folder, 'nvidia-smi'), `#!/bin/sh\necho '${GPU}'\n`);
  await chmod(path.join(folder, 'nvidia-smi'), 0o755);
  return folder;
}

interface Curled {
  readonly status: number;
  readonly body: unknown;
}

async function curl(route: string, ...args: readonly string[]): Promise<Curled> {
  const { stdout } = await promisify(execFile)('curl', ['-sS', '-w', '\n%{http_code}', ...args, `${nightjar.url}${route}`]); // prettier-ignore
  const at = stdout.lastIndexOf('\n');
  return { status: Number(stdout.slice(at)), body: JSON.parse(stdout.slice(0, at)) };
}
const key = ['-H', `X-API-Key: ${API_KEY}`];

interface Seen {
  readonly class: string;
  readonly confidence: number;
  readonly bbox: DetectedObject['bbox'];
}
/** What the protocols keep of a detection, in an order that does not depend on ties. */
const toLines = (objects: readonly Seen[]): string[] =>
  objects.map(({ class: label, confidence, bbox: { x, y, width, height } }) => `${label} ${confidence.toFixed(5)} ${x} ${y} ${width} ${height}`).sort(); // prettier-ignore
const toSeen = ({ label, score, bbox }: DetectedObject | DetectionWire): Seen => ({ class: label, confidence: score, bbox }); // prettier-ignore

/** What `nightjar detect` says of a file: the measure of all others. */
async function detectByCommand(file: string): Promise<string[]> {
  const { stdout } = await runCli(['detect', '--json', file], { cwd: dir, env: { DATA_DIR: dir } });
  return toLines((JSON.parse(stdout) as { detections: DetectedObject[] }).detections.map(toSeen));
}

describe('one picture has the same boxes', () => {
  it('that are worth comparing', () => {
    expect(street.filter((line) => line.startsWith('person')).length).toBeGreaterThan(2);
    expect(cat.some((line) => line.startsWith('cat'))).toBe(true);
  });

  it('by POST /detect', async () => {
    const { status, body } = await curl('/detect', ...key, '-F', `file=@${STREET}`);
    expect([status, body]).toMatchObject([200, { image_width: 768, image_height: 576 }]);
    const { detections, inference_time_ms } = body as { detections: Seen[]; inference_time_ms: number };
    expect(toLines(detections)).toEqual(street);
    expect(detections.map(({ confidence }) => confidence)).toEqual(detections.map(({ confidence }) => confidence).sort((a, b) => b - a)); // prettier-ignore
    expect(inference_time_ms).toBeGreaterThan(0);
  });

  it('by POST /detect/batch, beside a file that is none', async () => {
    const bad = path.join(dir, 'bad.jpg');
    await writeFile(bad, (await readStreet()).subarray(0, 20_000));
    const files = [STREET, bad, CAT].flatMap((file) => ['-F', `files=@${file}`]);
    const { status, body } = await curl('/detect/batch', ...key, ...files);
    expect(status).toBe(200);
    const [first, second, third] = batchSchema.parse(body).results;
    expect(first && 'detections' in first && toLines(first.detections)).toEqual(street);
    expect(second).toEqual({ index: 1, filename: 'bad.jpg', error: { kind: 'invalid', message: expect.stringMatching(/not a whole picture/) as string } }); // prettier-ignore
    expect(third && 'detections' in third && toLines(third.detections)).toEqual(cat);
  });

  it('by POST /v1/vision/detection, with the key in the form', async () => {
    const form = ['-F', `image=@${STREET}`, '-F', 'min_confidence=0.4', '-F', `api_key=${API_KEY}`];
    const { status, body } = await curl('/v1/vision/detection', ...form);
    expect([status, body]).toMatchObject([200, { success: true }]);
    const { predictions } = body as { predictions: Record<string, number>[] };
    const seen = predictions.map(({ label, confidence = 0, x_min: x = 0, y_min: y = 0, x_max = 0, y_max = 0 }) => ({ class: String(label), confidence, bbox: { x, y, width: x_max - x, height: y_max - y } })); // prettier-ignore
    expect(toLines(seen)).toEqual(street.filter((line) => Number(line.split(' ')[1]) >= 0.4));
    expect(seen.length).toBeGreaterThan(0);
  });

  it('by the pipeline', async () => {
    await drop(inbox, 'yard/a.jpg', await readStreet());
    await untilDone(nightjar, 1);
    const detections = await getAll<DetectionWire>(nightjar, '/api/detections?camera_id=yard');
    expect(toLines(detections.map(toSeen))).toEqual(street);
  });

  it('and is refused without a key', async () => {
    const asked = [
      curl('/detect', '-F', `file=@${STREET}`),
      curl('/detect/batch', '-F', `files=@${STREET}`),
      curl('/v1/vision/detection', '-F', `image=@${STREET}`, '-F', 'api_key=wrong'),
    ];
    expect((await Promise.all(asked)).map(({ status }) => status)).toEqual([401, 401, 401]);
    expect((await asked[2])?.body).toMatchObject({ success: false });
  });
});

it('a form that does not tell its length is bounded all the same', async () => {
  const large = path.join(dir, 'large.bin');
  await writeFile(large, Buffer.alloc(LARGER_THAN_A_FORM_BYTES));
  const form = ['-H', 'Transfer-Encoding: chunked', '-F', `mask=@${large}`, '-F', `file=@${STREET}`];
  expect(await curl('/detect', ...key, ...form)).toMatchObject({ status: 413, body: { detail: expect.stringContaining('this form may have') as string } }); // prettier-ignore
});

it('guests are answered while a burst is examined, and every frame is done once', { timeout: 180_000 }, async () => {
  const states = async () => (await readSummary(nightjar)).frames.by_state;
  const before = (await states()).done;
  const picture = await readStreet();
  for (let index = 0; index < BURST; index += 1)
    await drop(inbox, `burst/${index}.jpg`, withComment(picture, `frame ${index}`));
  await eventually(async () => (await states()).done > before, { withinMs: 30_000 });
  const files = [STREET, STREET, STREET].flatMap((file) => ['-F', `files=@${file}`]);
  const guests = Array.from({ length: GUESTS }, () => curl('/detect/batch', ...key, ...files));
  await Promise.race(guests);
  const { done } = await states();
  expect(done - before, 'frames done when the first guest had its answer').toBeLessThan(BURST);
  for (const { status, body } of await Promise.all(guests)) {
    expect(status).toBe(200);
    const { results } = batchSchema.parse(body);
    expect(results).toHaveLength(3);
    for (const result of results) expect('detections' in result && toLines(result.detections)).toEqual(street);
  }
  await untilDone(nightjar, before + BURST);
  const frames = await getAll<FrameWire>(nightjar, '/api/frames?camera_id=burst');
  expect(frames.map(({ state, attempts }) => `${state} ${attempts}`)).toEqual(Array.from({ length: BURST }, () => 'done 1')); // prettier-ignore
});

it('the pipeline has its share while guests never cease', { timeout: 180_000 }, async () => {
  const states = async () => (await readSummary(nightjar)).frames.by_state;
  const before = (await states()).done;
  const picture = await readStreet();
  const files = Array.from({ length: CROWD_PICTURES }, () => ['-F', `files=@${STREET}`]).flat();
  const looked = { pictures: 0 };
  let isOver = false;
  const insist = async (): Promise<void> => {
    while (!isOver) {
      expect((await curl('/detect/batch', ...key, ...files)).status).toBe(200);
      looked.pictures += CROWD_PICTURES;
    }
  };
  const guests = Promise.all(Array.from({ length: CROWD }, insist));
  try {
    await eventually(() => looked.pictures > 0, { withinMs: 30_000 });
    for (let index = 0; index < CROWDED_FRAMES; index += 1)
      await drop(inbox, `crowded/${index}.jpg`, withComment(picture, `crowded ${index}`));
    await eventually(async () => (await states()).done > before, { withinMs: 60_000 });
    looked.pictures = 0;
    await untilDone(nightjar, before + CROWDED_FRAMES);
    // Guests may have two runs' worth in hand where the pipeline has three; without that limit it were all of the crowd's.
    expect(looked.pictures, 'pictures of guests beside the frames').toBeLessThan(3 * CROWDED_FRAMES);
  } finally {
    isOver = true;
    await guests;
  }
});

it('the figures of a GPU are told where there is one', async () => {
  const read = (): Promise<{ gpus: object[] | null; history: object[] }> => nightjar.get('/api/system/gpu');
  const { gpus, history } = await eventually(async () => ((await read()).gpus === null ? undefined : read()));
  expect(gpus).toMatchObject([{ index: 0, name: 'NVIDIA L4', utilization_percent: 12, memory_utilization_percent: null, power_w: 68.12 }]); // prettier-ignore
  expect(history.length).toBeGreaterThan(0);
});
