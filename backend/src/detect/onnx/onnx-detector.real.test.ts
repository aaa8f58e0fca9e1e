import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { systemClock } from '../../lib/clock.ts';
import { silentLog } from '../../lib/log.ts';
import {
  createOnnxDetector,
  type DetectorModel,
  type OnnxDetector,
  type OnnxDetectorOptions,
} from './onnx-detector.ts';

// Loading the network takes half a second on an idle machine, and many times that on a busy one.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 });

/** The bundled model as ./setup.sh leaves it; the models' own tests check what it computes. */
const dir = new URL('../../../models/centernet-mbv3/', import.meta.url);
const card = JSON.parse(readFileSync(new URL('model.json', dir), 'utf8')) as DetectorModel['card'];
const model: DetectorModel = { name: 'centernet-mbv3', onnxPath: fileURLToPath(new URL('model.onnx', dir)), card };
const picture = { bytes: readFileSync(new URL('reference/picture.jpg', dir)), width: 512, height: 512 };

const open = (options: Partial<OnnxDetectorOptions> = {}): Promise<OnnxDetector> =>
  createOnnxDetector({
    model,
    workers: 1,
    labels: 'all',
    imagePixelsMax: 1_000_000,
    clock: systemClock,
    log: silentLog,
    ...options,
  });

describe('the detector on the bundled model', () => {
  let detector: OnnxDetector;
  beforeAll(async () => {
    detector = await open({ batchMax: 3 });
  });
  afterAll(() => detector.close());

  test('finds the people of the reference picture', async () => {
    const [objects = []] = await detector.detect([await detector.prepare(picture)]);
    expect(objects.filter(({ label }) => label === 'person').length).toBeGreaterThanOrEqual(5);
    expect(objects[0]?.score).toBeGreaterThan(0.6);
    expect(detector.health()).toMatchObject({ state: 'ready', provider: 'cpu', reason: null });
  });

  test('finds the same in a batch as alone, and a prepared picture stays good', async () => {
    const prepared = await detector.prepare(picture);
    const blank = { ...prepared, pixels: new Uint8Array(prepared.pixels.length) };
    const [single = []] = await detector.detect([prepared]);
    const [, batched = []] = await detector.detect([blank, prepared, blank]);
    expect(batched.map(({ label, bbox }) => ({ label, bbox }))).toEqual(single.map(({ label, bbox }) => ({ label, bbox }))); // prettier-ignore
    batched.forEach(({ score }, index) => expect(Math.abs(score - (single[index]?.score ?? 1))).toBeLessThan(1e-3));
  });

  test('answers an empty batch with nothing', async () => {
    expect(await detector.detect([])).toEqual([]);
  });
});

test('keeps to the wanted labels and the least score', async () => {
  const detector = await open({ labels: new Set(['person']), scoreMin: 0.6 });
  try {
    const [objects = []] = await detector.detect([await detector.prepare(picture)]);
    expect(objects.length).toBeGreaterThan(0);
    expect(objects.every(({ label, score }) => label === 'person' && score >= 0.6)).toBe(true);
  } finally {
    await detector.close();
  }
});

test('a card that does not fit its network is unavailable from the start', async () => {
  const liar = { ...model, card: { ...card, input: { ...card.input, width: 256 } } };
  await expect(open({ model: liar })).rejects.toMatchObject({ kind: 'unavailable' });
});

test('a network that is not there is unavailable', async () => {
  await expect(open({ model: { ...model, onnxPath: '/nowhere/model.onnx' } })).rejects.toMatchObject({
    kind: 'unavailable',
  });
});

/** Terminating a thread in the middle of a native run aborts the process (code 134): leaving must wait for it. */
test.each([
  ['process.exit', 'process.exit(7)', 7],
  ['an uncaught error', 'throw new Error("expected by the test")', 1],
])(
  'the process leaves cleanly in the middle of runs, by %s',
  async (_name, leave, code) => {
    const script = `
    const { createOnnxDetector } = await import(${JSON.stringify(new URL('onnx-detector.ts', import.meta.url).href)});
    const { systemClock } = await import(${JSON.stringify(new URL('../../lib/clock.ts', import.meta.url).href)});
    const { silentLog } = await import(${JSON.stringify(new URL('../../lib/log.ts', import.meta.url).href)});
    const detector = await createOnnxDetector({ model: ${JSON.stringify(model)}, workers: 2, labels: 'all',
      imagePixelsMax: 1e6, clock: systemClock, log: silentLog });
    const size = { width: 512, height: 512 };
    const picture = { pixels: new Uint8Array(512 * 512 * 3), placement: { picture: size, drawn: size, left: 0, top: 0 } };
    const runs = Array.from({ length: 8 }, () => detector.detect([picture]));
    await runs[0];
    setImmediate(() => { ${leave} });`;
    const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
      stdio: 'ignore',
    });
    expect(await once(child, 'exit')).toEqual([code, null]);
  },
  30_000,
);
