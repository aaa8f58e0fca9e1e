import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import ort from 'onnxruntime-node';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { BUNDLED_MODEL, importBundledModel, readModel } from '../index.ts';

// Loading the network takes half a second on an idle machine, and many times that on a busy one.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 });

const committed = new URL(`../../../models/${BUNDLED_MODEL}/`, import.meta.url);
const referenceSchema = z.object({ detections: z.array(z.array(z.number()).length(6)) });
const PIXELS = 512 * 512 * 3;

let modelsDir: string;
let dir: string;
let session: ort.InferenceSession;

beforeAll(async () => {
  modelsDir = await mkdtemp(join(tmpdir(), 'nightjar-models-'));
  dir = join(modelsDir, BUNDLED_MODEL);
  await mkdir(dir);
  await copyFile(new URL('model.json', committed), join(dir, 'model.json'));
  const { onnxPath } = await importBundledModel({ modelsDir });
  session = await ort.InferenceSession.create(onnxPath);
});

afterAll(async () => {
  await session.release();
  await rm(modelsDir, { recursive: true });
});

async function run(batch: number, pixels: Uint8Array) {
  const outputs = await session.run({ images: new ort.Tensor('uint8', pixels, [batch, 512, 512, 3]) });
  const values = (name: string): number[] => Array.from(outputs[name]?.data as Float32Array);
  return { boxes: values('boxes'), scores: values('scores'), labels: values('labels') };
}

const readPicture = (): Promise<Buffer> => sharp(new URL('reference/picture.jpg', committed).pathname).raw().toBuffer();

describe('the import', () => {
  test('gives the network that the card pins, and does nothing the second time', async () => {
    expect((await readModel(dir)).onnxPath).toBe(join(dir, 'model.onnx'));
    expect((await importBundledModel({ modelsDir })).built).toBe(false);
  });

  test('replaces a damaged network and leaves nothing else behind', async () => {
    await writeFile(join(dir, 'model.onnx'), 'torn');
    await expect(readModel(dir)).rejects.toMatchObject({ kind: 'invalid' });
    expect((await importBundledModel({ modelsDir })).built).toBe(true);
    expect((await readdir(dir)).sort()).toEqual(['model.json', 'model.onnx']);
  });

  test('refuses what the card does not pin', async () => {
    const other = join(modelsDir, 'other');
    await mkdir(join(other, BUNDLED_MODEL), { recursive: true });
    const card = (await readFile(join(dir, 'model.json'), 'utf8')).replace(/"[0-9a-f]{64}"/, `"${'0'.repeat(64)}"`);
    await writeFile(join(other, BUNDLED_MODEL, 'model.json'), card);
    await expect(importBundledModel({ modelsDir: other })).rejects.toMatchObject({ kind: 'invalid' });
    expect(await readdir(join(other, BUNDLED_MODEL))).toEqual(['model.json']);
  });
});

describe('the network', () => {
  test('finds what TensorFlow.js finds in the reference picture', async () => {
    const text = await readFile(new URL('reference/expected.json', committed), 'utf8');
    const { detections } = referenceSchema.parse(JSON.parse(text));
    const { boxes, scores, labels } = await run(1, await readPicture());
    expect(detections).toHaveLength(100);
    // Below this, equals among the weakest may come in another order on another processor.
    const strong = detections.filter((detection) => (detection[4] ?? 0) > 0.05);
    expect(strong.length).toBeGreaterThan(8);
    for (const [index, detection] of strong.entries()) {
      const found = [...boxes.slice(index * 4, index * 4 + 4), scores[index] ?? 0, labels[index] ?? -1];
      detection.forEach((value, column) => expect(found[column]).toBeCloseTo(value, column < 4 ? 1 : 4));
    }
    detections.forEach((detection, index) => expect(scores[index]).toBeCloseTo(detection[4] ?? 0, 4));
  });

  test('gives a picture the same in a batch as alone', async () => {
    const picture = await readPicture();
    const mirrored = await sharp(picture, { raw: { width: 512, height: 512, channels: 3 } })
      .flop()
      .raw()
      .toBuffer();
    const batched = await run(3, Buffer.concat([mirrored, picture, Buffer.alloc(PIXELS, 127)]));
    const single = await run(1, picture);
    const strong = single.scores.filter((score) => score > 0.05).length;
    for (let index = 0; index < strong; index++) {
      expect(Math.abs((batched.scores[100 + index] ?? 0) - (single.scores[index] ?? 1))).toBeLessThan(1e-3);
      expect(batched.labels[100 + index]).toBe(single.labels[index]);
      for (let corner = index * 4; corner < index * 4 + 4; corner++)
        expect(Math.abs((batched.boxes[400 + corner] ?? 0) - (single.boxes[corner] ?? 1e3))).toBeLessThan(1e-3);
    }
  });
});
