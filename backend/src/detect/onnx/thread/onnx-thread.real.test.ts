import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test, vi } from 'vitest';
import { systemClock } from '../../../lib/clock.ts';
import { HangError } from '../../../lib/errors.ts';
import { silentLog } from '../../../lib/log.ts';
import { createOnnxPool } from './onnx-pool.ts';
import { startOnnxThread, type ThreadSettings } from './onnx-thread.ts';
import { testInput, writeOperator } from '../test-network.ts';

// Loading the network takes half a second on an idle machine, and many times that on a busy one.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 });

const settings: ThreadSettings = {
  onnxPath: fileURLToPath(new URL('../../../../models/centernet-mbv3/model.onnx', import.meta.url)),
  provider: 'cpu',
  threads: 1,
  input: { name: 'images', width: 512, height: 512 },
  buckets: [],
  warmBatch: 1,
  startMsMax: 60_000,
};
const toRequest = (bytes: number) => ({ batch: 1, pixels: new Uint8Array(bytes) });
const GOOD = 512 * 512 * 3;

test('a run that the engine refuses ends its thread, and every later run of that thread fails at once', async () => {
  const thread = await startOnnxThread(settings);
  await expect(thread.run(toRequest(5))).rejects.toMatchObject({ kind: 'unavailable' });
  await expect(thread.ended).resolves.toMatchObject({ kind: 'unavailable' });
  await expect(thread.run(toRequest(GOOD))).rejects.toMatchObject({ kind: 'unavailable' });
});

test('nothing but NaN is no result', async () => {
  const dir = await mkdtemp(path.join(tmpdir(), 'nightjar-nan-'));
  const wrong = { ...settings, input: testInput, onnxPath: await writeOperator(dir, 'Log', -1) };
  await expect(startOnnxThread(wrong)).rejects.toMatchObject({ kind: 'unavailable', message: expect.stringContaining('nothing but NaN') as string }); // prettier-ignore
  const sound = await startOnnxThread({ ...wrong, onnxPath: await writeOperator(dir, 'Log', 1) });
  await sound.close();
  await rm(dir, { recursive: true });
});

test('native code that does not come back in time is told from code that fails', async () => {
  const thread = await startOnnxThread({ ...settings, startMsMax: 1 }).catch((thrown: unknown) => thrown);
  expect(thread).toBeInstanceOf(HangError);
});

test('the pixels are handed over, not copied', async () => {
  const thread = await startOnnxThread(settings);
  const request = toRequest(GOOD);
  const running = thread.run(request);
  expect(request.pixels.byteLength).toBe(0);
  expect(Object.keys(await running).sort()).toEqual(['boxes', 'labels', 'scores']);
  await thread.close();
});

test('the run under way ends before the thread closes', async () => {
  const thread = await startOnnxThread(settings);
  const running = thread.run(toRequest(GOOD));
  await thread.close();
  await expect(running).resolves.toHaveProperty('scores');
});

test('a pool of real threads recovers from a crash', async () => {
  const pool = await createOnnxPool({
    workers: 1,
    start: () => startOnnxThread(settings),
    clock: systemClock,
    log: silentLog,
  });
  await expect(pool.run(toRequest(5))).rejects.toMatchObject({ kind: 'unavailable' });
  await expect.poll(() => pool.fault(), { timeout: 10_000 }).toBeNull();
  await expect(pool.run(toRequest(GOOD))).resolves.toHaveProperty('boxes');
  await pool.close();
});

test.each([
  ['a missing network', { ...settings, onnxPath: '/nowhere/model.onnx' }],
  ['another input', { ...settings, input: { ...settings.input, name: 'pictures' } }],
])('%s keeps a thread from starting', async (_name, wrong) => {
  await expect(startOnnxThread(wrong)).rejects.toMatchObject({ kind: 'unavailable' });
});
