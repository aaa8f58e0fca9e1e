import { copyFile, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { systemClock } from '../lib/clock.ts';
import { silentLog } from '../lib/log.ts';
import { createOnnxDetector, type OnnxDetectorOptions } from '../detect/index.ts';
import { readModel } from '../models/index.ts';
import { runDetect, type DetectOptions } from './detect.ts';

// Loading the network takes half a second on an idle machine, and many times that on a busy one.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 });

const modelDir = fileURLToPath(new URL('../../models/centernet-mbv3/', import.meta.url));
const people = join(modelDir, 'reference', 'picture.jpg');

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'nightjar-detect-'));
});
afterEach(() => rm(dir, { recursive: true }));

/** A detector of its own for each call; the model's tests say what it computes. */
async function detect({
  scoreMin,
  labels = 'all',
  ...options
}: Partial<DetectOptions> & Partial<Pick<OnnxDetectorOptions, 'scoreMin' | 'labels'>>): Promise<{
  code: number;
  text: string;
}> {
  let text = '';
  const model = await readModel(modelDir);
  const limits = { imageBytesMax: 1_000_000, imagePixelsMax: 1_000_000 };
  const engine = { model, workers: 1, scoreMin, labels, clock: systemClock, log: silentLog };
  const detector = await createOnnxDetector({ ...engine, ...limits });
  const code = await runDetect({
    paths: [dir],
    json: true,
    annotateDir: undefined,
    detector,
    ...limits,
    write: (line) => (text += `${line}\n`),
    ...options,
  }).finally(() => detector.close());
  return { code, text };
}

const parseLines = (text: string): Record<string, unknown>[] =>
  text.trim().split('\n').map((line) => JSON.parse(line) as Record<string, unknown>); // prettier-ignore

/** a.jpg shows people, b.png nothing, sub/c.jpg is torn, sub/d.jpg shows people, notes.txt is no picture. */
async function fill(): Promise<void> {
  await mkdir(join(dir, 'sub'));
  await copyFile(people, join(dir, 'a.jpg'));
  await sharp({ create: { width: 64, height: 48, channels: 3, background: 'gray' } })
    .png()
    .toFile(join(dir, 'b.png'));
  await writeFile(join(dir, 'sub', 'c.jpg'), 'torn');
  await copyFile(people, join(dir, 'sub', 'd.jpg'));
  await writeFile(join(dir, 'notes.txt'), 'no picture');
}

test('a line of JSON for each picture, in order, the bad ones among them', async () => {
  await fill();
  const { code, text } = await detect({});
  const lines = parseLines(text);
  expect(code).toBe(1);
  expect(lines.map(({ path }) => path)).toEqual(['a.jpg', 'b.png', 'sub/c.jpg', 'sub/d.jpg'].map((name) => join(dir, name))); // prettier-ignore
  expect(lines[0]).toMatchObject({ width: 512, height: 512, model: 'centernet-mbv3' });
  expect(Object.keys(lines[0] ?? {})).toEqual(['path', 'width', 'height', 'model', 'detections']);
  expect(lines[0]?.['detections']).toContainEqual({
    label: 'person',
    score: expect.closeTo(0.68, 1) as number,
    bbox: { x: 204, y: 171, width: 22, height: 65 },
  });
  expect(lines[1]).toMatchObject({ width: 64, height: 48, detections: [] });
  expect(lines[2]).toMatchObject({ error: { kind: 'invalid' } });
  expect(lines[3]?.['detections']).toEqual(lines[0]?.['detections']);
});

test('a table, with the totals below it', async () => {
  await fill();
  const { code, text } = await detect({ json: false, labels: new Set(['person']), scoreMin: 0.5 });
  expect(code).toBe(1);
  expect(text).toMatch(/a\.jpg\s*│ person\s*│\s*0\.68 │\s*204 │\s*171 │\s*22 │\s*65 │/);
  expect(text).toMatch(/b\.png\s*│ nothing found/);
  expect(text).toMatch(/c\.jpg\s*│ invalid: /);
  expect(text).toMatch(/centernet-mbv3: \d+ objects in 4 files, 1 failed\n$/);
});

test('annotated pictures, each under a name of its own, and never looked at themselves', async () => {
  await copyFile(people, join(dir, 'a.jpg'));
  const annotateDir = join(dir, 'boxes');
  const paths = [dir, join(dir, 'a.jpg')];
  expect((await detect({ paths, annotateDir })).code).toBe(0);
  expect((await readdir(annotateDir)).sort()).toEqual(['a-2.jpg', 'a.jpg']);
  const again = await detect({ paths: [dir], annotateDir });
  expect(parseLines(again.text)).toHaveLength(1);
});

test('a picture is never replaced by its annotated self', async () => {
  await copyFile(people, join(dir, 'a.jpg'));
  const { code, text } = await detect({ paths: [join(dir, 'a.jpg')], annotateDir: dir });
  expect(code).toBe(1);
  expect(parseLines(text)).toMatchObject([{ error: { kind: 'conflict' } }]);
});

test.each([
  ['a path that leads nowhere', 'gone', 'not_found'],
  ['a folder without pictures', '', 'not_found'],
])('%s is told of', async (_name, name, kind) => {
  const { code, text } = await detect({ paths: [join(dir, name)] });
  expect(code).toBe(1);
  expect(parseLines(text)).toMatchObject([{ path: join(dir, name), error: { kind } }]);
});

test('a file beyond the limit is not even read', async () => {
  await copyFile(people, join(dir, 'a.jpg'));
  expect(parseLines((await detect({ imageBytesMax: 1_000 })).text)).toMatchObject([{ error: { kind: 'invalid' } }]);
});
