/**
 * Execution providers for real. WebGPU on Vulkan in software (SwiftShader, which comes with Chromium) stands for a GPU:
 * the same provider, the same calls, another driver. It must be there; `./setup.sh --test` sees to it.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { systemClock } from '../../lib/clock.ts';
import { silentLog } from '../../lib/log.ts';
import { readModel } from '../../models/index.ts';
import { measure, type MeasureSettings } from './trial/measure.ts';
import { createOnnxDetector, type DetectorModel, type OnnxDetectorOptions } from './onnx-detector.ts';
import { startOnnxThread } from './thread/onnx-thread.ts';
import type { StartThread } from './provider-parts.ts';
import { surveyProviders } from './trial/survey.ts';
import { findSwiftShader, makeTestPicture, testInput, writeOperator, writeTestModel } from './test-network.ts';

vi.setConfig({ testTimeout: 90_000, hookTimeout: 30_000 });

const NO_DRIVER = '/nowhere/icd.json';
const NO_ADAPTER = /Failed to get a WebGPU adapter/;
const bundled = fileURLToPath(new URL('../../../models/centernet-mbv3', import.meta.url));
const options = { labels: 'all', imagePixelsMax: 1e6, clock: systemClock, log: silentLog } as const;

/** Only the Vulkan of this test counts, whatever the machine has. */
function useDriver(file: string): { vulkanDriver: string; machine: OnnxDetectorOptions['machine'] } {
  vi.stubEnv('VK_ICD_FILENAMES', file);
  vi.stubEnv('VK_DRIVER_FILES', file);
  return { vulkanDriver: file, machine: { platform: 'linux', libraries: [], devices: [], vulkanDriver: file } };
}
afterEach(() => vi.unstubAllEnvs());

let dir: string;
let model: DetectorModel;
beforeAll(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'nightjar-providers-'));
  model = await writeTestModel(dir, { cpu: 4, webgpu: 4 });
});
afterAll(() => rm(dir, { recursive: true }));

const backendsOf = ({ health }: { health(): { backends: readonly { name: string; state: string }[] } }) =>
  health().backends.map(({ name, state }) => `${name} ${state}`);

/** Everywhere else WebGPU means the machine's own GPU, which a test cannot count on. */
describe.runIf(process.platform === 'linux' && process.arch === 'x64')('WebGPU', () => {
  test('finds the same as the CPU, alone and in padded batches', async () => {
    const gpu = await createOnnxDetector({ ...options, model, provider: 'webgpu', ...useDriver(findSwiftShader()) });
    const cpu = await createOnnxDetector({ ...options, model, provider: 'cpu' });
    try {
      expect(gpu.health()).toMatchObject({ provider: 'webgpu', state: 'ready' });
      expect(gpu).toMatchObject({ batchMax: 4, runsMax: 2 });
      const pictures = [1, 2, 3, 4].map(makeTestPicture);
      for (const count of [1, 2, 3, 4]) {
        const batch = pictures.slice(0, count);
        const [found, expected] = await Promise.all([gpu.detect(batch), cpu.detect(batch)]);
        expect(found).toHaveLength(count);
        for (const [index, [object]] of found.entries()) {
          const [other] = expected[index] ?? [];
          const [alone] = (await gpu.detect(batch.slice(index, index + 1)))[0] ?? [];
          expect(object?.bbox.width).toBeGreaterThan(0);
          expect(object?.bbox).toEqual(other?.bbox);
          expect(Math.abs((object?.score ?? 0) - (other?.score ?? 1))).toBeLessThan(1e-5);
          expect(object).toEqual(alone);
        }
      }
      // Not all the same picture, or padding and order would not show.
      expect(new Set((await gpu.detect(pictures)).map(([object]) => object?.score)).size).toBe(4);
    } finally {
      await Promise.all([gpu.close(), cpu.close()]);
    }
  });

  test('that fails at run time is given up after a second try; the frames in hand are found by the CPU', async () => {
    const opened: string[] = [];
    // Real threads; those of the GPU are handed broken input, which the engine itself refuses.
    const start: StartThread = async (settings) => {
      opened.push(settings.provider);
      const thread = await startOnnxThread(settings);
      if (settings.provider === 'cpu') return thread;
      return { ...thread, run: ({ batch }) => thread.run({ batch, pixels: new Uint8Array(5) }) };
    };
    const driver = useDriver(findSwiftShader());
    const failing = await createOnnxDetector({ ...options, model, provider: 'webgpu', start, workers: 1, ...driver });
    const cpu = await createOnnxDetector({ ...options, model, provider: 'cpu' });
    try {
      const pictures = [1, 2, 3].map(makeTestPicture);
      const [found, also] = await Promise.all([failing.detect(pictures), failing.detect(pictures.slice(1))]);
      const expected = await cpu.detect(pictures);
      expect(found).toEqual(expected);
      expect(also).toEqual(expected.slice(1));
      expect(opened.slice(0, 3)).toEqual(['webgpu', 'webgpu', 'cpu']);
      expect(new Set(opened.slice(3))).not.toContain('webgpu');
      expect(backendsOf(failing)).toEqual(['webgpu unavailable', 'cpu in_use']);
      expect(failing.health()).toMatchObject({ provider: 'cpu', state: 'ready' });
      expect(failing.health().backends[0]?.reason).toMatch(/^failed at run time: .*(tensor|buffer|size)/i);
    } finally {
      await Promise.all([failing.close(), cpu.close()]);
    }
  });

  test('that computes other results than the CPU is not used, however fast it is', async () => {
    useDriver(findSwiftShader());
    const settings = { threads: 1, workers: 1, batches: [1, 2], buckets: true, runMs: 1, startMsMax: 20_000 };
    const tryIt = async (scale: number) => {
      const onnxPath = await writeOperator(dir, 'Sin', scale);
      return measure({ ...settings, onnxPath, provider: 'webgpu', input: testInput }, { limitMs: 30_000 });
    };
    expect((await tryIt(0.01)).fault).toBeNull();
    const { measured, fault } = await tryIt(1e7);
    expect(measured).toEqual([]);
    expect(fault).toMatch(/^computes other results than the CPU: values differs by \d/);
  });

  test('in software, on a real network, is not chosen: the CPU is, and says why', async () => {
    const slow = await readModel(bundled);
    const detector = await createOnnxDetector({
      ...options,
      model: slow,
      workers: 1,
      trialMsMax: 8_000,
      ...useDriver(findSwiftShader()),
    });
    try {
      expect(detector.health()).toMatchObject({ provider: 'cpu', state: 'ready' });
      const webgpu = detector.health().backends.find(({ name }) => name === 'webgpu');
      expect(webgpu?.state).toBe('unavailable');
      expect(webgpu?.reason).toMatch(
        /^(no result within 8 s|slower: [\d,.]+ ms a picture against [\d.]+ ms on the CPU)/,
      );
    } finally {
      await detector.close();
    }
  });

  test('without a driver: `auto` takes the CPU, and whoever asked for WebGPU learns the reason', async () => {
    const driver = useDriver(NO_DRIVER);
    const detector = await createOnnxDetector({ ...options, model, workers: 1, ...driver });
    expect(backendsOf(detector)).toEqual(['tensorrt unavailable', 'cuda unavailable', 'webgpu unavailable', 'cpu in_use']); // prettier-ignore
    expect(detector.health().backends[2]?.reason).toMatch(NO_ADAPTER);
    await detector.close();
    const named = createOnnxDetector({ ...options, model, provider: 'webgpu', ...driver });
    await expect(named).rejects.toMatchObject({ kind: 'unavailable' });
    await expect(named).rejects.toThrow(/^EXECUTION_PROVIDER=webgpu: Failed to get a WebGPU adapter.*nightjar doctor/);
  });

  test('is not tried any longer by a Nightjar that was killed, even deep in native code', async () => {
    const { card, onnxPath } = await readModel(bundled);
    const { name, width, height } = card.input;
    const settings: MeasureSettings = { onnxPath, provider: 'webgpu', threads: 1, workers: 1, input: { name, width, height }, batches: [1], buckets: true, runMs: 1, startMsMax: 60_000 }; // prettier-ignore
    const script = `const { measure } = await import(${JSON.stringify(new URL('trial/measure.ts', import.meta.url).href)});
      await measure(${JSON.stringify(settings)}, { limitMs: 60_000 });`;
    useDriver(findSwiftShader());
    const parent = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
      stdio: 'ignore',
    });
    const childOf = (pid: number): Promise<string> => readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
    // Three seconds of computing: it is past loading, and in the middle of its first run.
    const isComputing = async (pid: string): Promise<boolean> => {
      const [, ticks = '0'] = /^(?:\S+ ){13}(\d+)/.exec(await readFile(`/proc/${pid}/stat`, 'utf8')) ?? [];
      return Number(ticks) > 300;
    };
    let child = '';
    await expect.poll(async () => (child = (await childOf(parent.pid ?? 0)).trim()), { timeout: 20_000 }).toMatch(/^\d+$/); // prettier-ignore
    await expect.poll(() => isComputing(child), { timeout: 40_000, interval: 100 }).toBe(true);
    parent.kill('SIGKILL');
    await expect.poll(() => existsSync(`/proc/${child}`), { timeout: 10_000 }).toBe(false);
  });

  test('is tried by a survey, beside those that are not here', async () => {
    const found = await surveyProviders({ model, provider: 'auto', ...useDriver(findSwiftShader()), workers: 1 });
    expect(found.map(({ provider }) => provider)).toEqual(['tensorrt', 'cuda', 'webgpu', 'cpu']);
    expect(found.map(({ pictureMs }) => pictureMs !== null)).toEqual([false, false, true, true]);
    expect(found.filter(({ isUsed }) => isUsed)).toHaveLength(1);
    expect(found[2]?.detail).toMatch(/ ms a picture with batches of [124]$/);
  });
});

test('where only the CPU can be, nothing is tried', async () => {
  const start = vi.fn(startOnnxThread);
  const machine = { platform: 'linux', libraries: [], devices: [] };
  const detector = await createOnnxDetector({ ...options, model, workers: 1, machine, start });
  expect(start).toHaveBeenCalledTimes(1);
  expect(detector.health().backends.find(({ name }) => name === 'webgpu')?.reason).toMatch(/^no GPU here/);
  await detector.close();
});
