import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import ort from 'onnxruntime-node';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { readModel } from '../index.ts';
import type { GraphBuilder } from '../onnx/onnx-graph.ts';
import { encodeOnnx } from '../onnx/onnx-proto.ts';
import {
  buildDecodedRtdetr,
  buildProbe,
  buildRtdetr,
  buildYolox,
  turnForEver,
  type TestInput,
} from '../test-graphs.ts';
import { importModel, toModelName, type ImportOptions } from './import-model.ts';

// Each import starts a process or two.
vi.setConfig({ testTimeout: 60_000 });

let dir: string;
let modelsDir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'nightjar-import-'));
  modelsDir = join(dir, 'models');
});
afterEach(() => rm(dir, { recursive: true }));

const labels = ['person', 'car', 'cat'];
const small: TestInput = { width: 4, height: 2 };

async function runImport(bytes: Uint8Array, options: Partial<ImportOptions> = {}) {
  const file = join(dir, 'Test Net.onnx');
  await writeFile(file, bytes);
  return importModel({ file, modelsDir, family: 'rtdetr', labels, ...options });
}

const probe = (input: TestInput, look?: (onnx: GraphBuilder) => string, places = [0, 1, 2, 3]): Uint8Array =>
  encodeOnnx(buildProbe(input, places, look));

/** Runs the written network on the bytes of one or more 4 x 2 pictures. */
async function compute(pixels: readonly number[], batch = 1) {
  const session = await ort.InferenceSession.create(join(modelsDir, 'test-net', 'model.onnx'));
  const outputs = await session.run({ images: new ort.Tensor('uint8', Uint8Array.from(pixels), [batch, 2, 4, 3]) });
  await session.release();
  return Object.fromEntries(Object.entries(outputs).map(([name, { data }]) => [name, data]));
}
const close = (expected: readonly number[]): unknown[] => expected.map((value) => expect.closeTo(value, 3) as unknown);

/** Two rows of four pixels, each with a red, a green and a blue of its own. */
const picture = Array.from({ length: 8 }, (_, pixel) => [10 + pixel, 100 + pixel * 2, 200 + pixel * 3]).flat();
const meansOf = (from: number, step: number) => from + (step * 7) / 2;
const [red, green, blue] = [meansOf(10, 1), meansOf(100, 2), meansOf(200, 3)];

describe('what the network is fed', () => {
  test('RGB in 0..1, as rows of channels', async () => {
    // Places 1, 4, 9 and 23 of [3, 2, 4]: red of pixel 1 and of pixel 4, green of pixel 1, blue of pixel 7.
    await runImport(probe(small, undefined, [1, 4, 9, 23]), { preprocessing: { scale: 1 / 255 } });
    const { logits, boxes } = await compute(picture);
    expect(Array.from(logits as Float32Array)).toEqual(close([red / 255, green / 255, blue / 255]));
    expect(Array.from(boxes as Float32Array)).toEqual(close([11 / 255, 14 / 255, 102 / 255, 221 / 255]));
  });

  test('BGR with mean and deviation, which are told as red, green, blue', async () => {
    const preprocessing = { channels: 'bgr', scale: 1 / 255, mean: [0.1, 0.2, 0.3], std: [0.5, 0.25, 0.125] } as const;
    const { operators } = await runImport(probe(small), { preprocessing });
    expect(operators).toEqual(['Cast', 'Transpose', 'Gather', 'Mul', 'Add']);
    const { logits } = await compute(picture);
    const expected = [(blue / 255 - 0.3) / 0.125, (green / 255 - 0.2) / 0.25, (red / 255 - 0.1) / 0.5];
    expect(Array.from(logits as Float32Array)).toEqual(close(expected));
  });

  test('half precision in and out', async () => {
    await runImport(probe({ ...small, type: 'float16' }));
    const { logits } = await compute(picture);
    expect(logits).toBeInstanceOf(Float32Array);
    expect(Array.from(logits as Float32Array)).toEqual(close([red / 255, green / 255, blue / 255]));
  });

  test('the size of the input, as the size to decode for', async () => {
    const answers = { boxes: [[0, 0.5, 1, 1]], scores: [0.5], labels: [2] };
    await runImport(buildDecodedRtdetr(answers, small));
    const { boxes, labels: classes, scores } = await compute([...picture, ...picture], 2);
    expect(Array.from(boxes as Float32Array)).toEqual([0, 1, 4, 2, 0, 1, 4, 2]);
    expect(classes).toEqual(Int32Array.of(2, 2));
    expect(scores).toEqual(Float32Array.of(0.5, 0.5));
  });
});

describe('the batch', () => {
  test.each([
    ['free', 'N', true],
    ['one, which is freed', 1, false],
  ] as const)('exported as %s', async (_name, batch, wasFree) => {
    const report = await runImport(probe({ ...small, batch }));
    expect(report.batch).toEqual({ isFree: true, wasFree, reason: null });
    expect(report.card.batch_max['cuda']).toBe(16);
    const { logits } = await compute([...picture, ...picture.map(() => 255)], 2);
    expect(Array.from(logits as Float32Array)).toEqual(close([red / 255, green / 255, blue / 255, 1, 1, 1]));
  });

  test('in which one picture changes the other is refused', async () => {
    // The mean over the batch: the same for one picture, another for two.
    const mixing = probe({ ...small, batch: 'N' }, (onnx) => {
      const mean = onnx.node('ReduceMean', ['values'], { axes: [0], keepdims: 1 });
      return onnx.node('Add', [mean, 'values']);
    });
    const { batch, card } = await runImport(mixing);
    expect(batch).toMatchObject({ isFree: false, wasFree: true, reason: expect.stringContaining('picture 1 of a batch') as string }); // prettier-ignore
    expect(card.batch_max).toEqual({ cpu: 1, cuda: 1, tensorrt: 1, webgpu: 1 });
    expect((await compute(picture))['logits']).toHaveLength(3);
  });

  test('that the network cannot do is one', async () => {
    const squeezed = probe({ ...small, batch: 1 }, (onnx) => {
      const axis = onnx.int64('first_axis', [0]);
      return onnx.node('Unsqueeze', [onnx.node('Squeeze', ['values', axis]), axis]);
    });
    const { batch } = await runImport(squeezed);
    expect(batch).toMatchObject({ isFree: false, wasFree: false, reason: expect.stringContaining('ONNX Runtime refuses') as string }); // prettier-ignore
  });
});

describe('the folder', () => {
  test('is a model that can be read, and says where it is from', async () => {
    const { card, dir: written, runMs } = await runImport(probe(small), { licence: 'MIT', source: 'a friend', scoreMin: 0.25 }); // prettier-ignore
    expect(runMs).toBeGreaterThan(0);
    const model = await readModel(written);
    expect(model.card).toEqual(card);
    expect(card).toMatchObject({ name: 'test-net', licence: 'MIT', score_min: 0.25, labels, measured: [] });
    expect(card.input).toMatchObject({ width: 4, height: 2, resize: 'stretch', channels: 'RGB', type: 'uint8' });
    expect(card.source).toMatch(/^Test Net\.onnx, sha256 [0-9a-f]{64}, from a friend$/);
    expect(await readdir(modelsDir)).toEqual(['test-net']);
  });

  test('is not replaced unless that is wanted, and is as it was when the new one is no good', async () => {
    await runImport(probe(small));
    const before = await readFile(join(modelsDir, 'test-net', 'model.json'), 'utf8');
    expect(before).toContain('unknown: ask whoever made it');
    await expect(runImport(probe(small), { licence: 'MIT' })).rejects.toMatchObject({ kind: 'conflict' });
    await expect(runImport(Buffer.from('junk'), { force: true })).rejects.toMatchObject({ kind: 'invalid' });
    expect(await readFile(join(modelsDir, 'test-net', 'model.json'), 'utf8')).toBe(before);
    await runImport(probe(small), { licence: 'MIT', force: true });
    expect((await readModel(join(modelsDir, 'test-net'))).card.licence).toBe('MIT');
    expect(await readdir(modelsDir)).toEqual(['test-net']);
  });

  test('of a crash long ago is cleared away, one of now is left alone', async () => {
    const [old, young] = ['.draft-old', '.draft-young'].map((name) => join(modelsDir, name)) as [string, string];
    await mkdir(old, { recursive: true });
    await mkdir(young);
    await utimes(old, 0, 0);
    await runImport(probe(small));
    expect((await readdir(modelsDir)).sort()).toEqual(['.draft-young', 'test-net']);
  });

  test.each([
    ['../Evil/YOLOX Nano.onnx', 'evil-yolox-nano'],
    ['D-FINE_n.ONNX', 'd-fine_n'],
  ])('of %s is called %s', (text, name) => expect(toModelName(text)).toBe(name));

  test('has a name that a folder may have, and not the bundled one', () => {
    expect(() => toModelName('...')).toThrow(expect.objectContaining({ kind: 'invalid' }));
    expect(() => toModelName('centernet-mbv3')).toThrow(expect.objectContaining({ kind: 'conflict' }));
  });
});

describe('what is no network of ours', () => {
  const good = encodeOnnx(buildProbe(small, [0, 1, 2, 3]));
  const nothing = probe(small, (onnx) => {
    const zero = onnx.float32('zero', [], Float32Array.of(0));
    return onnx.node('Div', [onnx.node('Mul', ['values', zero]), zero]);
  });
  const breaking = probe(small, (onnx) => onnx.node('Reshape', ['values', onnx.int64('impossible', [7, 3, 5, 5])]));
  const four = probe({ ...small, batch: 4 }, (onnx) => {
    const axis = onnx.int64('middle', [4, 1, 3, 2, 4]);
    return onnx.node('Reshape', [onnx.node('Reshape', ['values', axis]), onnx.int64('whole', [4, 3, 2, 4])]);
  });
  const answers = { boxes: [[0, 0, 1, 1]], scores: [0.5], labels: [1] };
  const yolox = (cell: readonly [number, number, number, number]) => buildYolox({ width: 32, height: 32 }, cell);

  test.each<[string, Uint8Array, Partial<ImportOptions>, string]>([
    ['an empty file', new Uint8Array(), {}, 'not an ONNX model'],
    ['noise', Buffer.from('\xff\xfe not a protocol buffer', 'latin1'), {}, 'not an ONNX model'],
    ['half a file', good.subarray(0, good.length / 2), {}, ''],
    ['another family', good, { family: 'yolox' }, 'not the outputs of YOLOX'],
    ['other labels', good, { labels: ['cat'] }, 'is of 3 classes, and 1 labels'],
    ['a graph that breaks in a run', breaking, {}, 'ONNX Runtime refuses it: Reshape (Reshape_1): input_shape_size'],
    ['four at a time and no other', four, {}, 'exported for 4 pictures at a time'],
    ['nothing but NaN', nothing, {}, 'no finite number'],
    ['a class without a label', buildDecodedRtdetr({ ...answers, labels: [3] }, small), {}, 'names class 3'],
    ['scores beyond 1', buildDecodedRtdetr({ ...answers, scores: [7] }, small), {}, 'scores must be'],
    ['boxes in pixels beside logits', buildRtdetr({ logits: [[0, 0, 0]], boxes: [[320, 320, 64, 64]] }, small), {}, 'must be relative'], // prettier-ignore
    ['a YOLOX with decoded boxes', yolox([16, 16, 100, 100]), { family: 'yolox', labels: ['a', 'b'] }, 'decoded already'], // prettier-ignore
    ['a scale of nothing', good, { preprocessing: { scale: 0 } }, 'scale and std'],
    ['a name that is none', good, { name: '...' }, 'no name for a model'],
  ])('%s', async (_name, bytes, options, message) => {
    await expect(runImport(bytes, options)).rejects.toMatchObject({ kind: 'invalid', message: expect.stringContaining(message) as string }); // prettier-ignore
    expect(await readdir(modelsDir).catch(() => [])).toEqual([]);
  });

  test('a good YOLOX is taken', async () => {
    const { card } = await runImport(yolox([0.5, 0.5, 1, 1]), { family: 'yolox', labels: ['a', 'b'] });
    expect(card.input).toMatchObject({ resize: 'letterbox', align: 'corner', pad: 114 });
  });

  test('a file that is not there', async () => {
    const wanted = importModel({ file: join(dir, 'gone.onnx'), modelsDir, family: 'rtdetr', labels });
    await expect(wanted).rejects.toMatchObject({ kind: 'not_found' });
  });

  // A signal from outside is what a crash inside looks like.
  test.runIf(process.platform === 'linux')('a graph that crashes the engine', async () => {
    const importing = runImport(encodeOnnx(buildEndless()));
    const failing = expect(importing).rejects.toMatchObject({ kind: 'invalid', message: 'it crashed ONNX Runtime in a trial run (SIGSEGV)' }); // prettier-ignore
    // With a free batch first, then with one picture: both crash.
    const killed = new Set<number>();
    const kill = async (): Promise<number> => {
      for (const pid of await findTrials()) if (killed.add(pid)) process.kill(pid, 'SIGSEGV');
      return killed.size;
    };
    await expect.poll(kill, { timeout: 20_000 }).toBe(2);
    await failing;
  });

  test('a graph that never ends is given up, and so is its process', async () => {
    await expect(runImport(encodeOnnx(buildEndless()), { trialMsMax: 3_000 })).rejects.toMatchObject({
      kind: 'unavailable',
      message: 'a trial run did not end within 3 s',
    });
    expect(await readdir(modelsDir)).toEqual([]);
  });
});

/** The processes of ours that try a network. */
async function findTrials(): Promise<number[]> {
  const children = await readFile(`/proc/${process.pid}/task/${process.pid}/children`, 'utf8');
  const pids = children.split(' ').filter(Boolean).map(Number);
  const commands = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')));
  return pids.filter((_, index) => commands[index]?.includes('trial-process'));
}

const buildEndless = () => buildProbe(small, [0, 1, 2, 3], (onnx) => turnForEver(onnx, 'values', ['N', 3, 2, 4]));
