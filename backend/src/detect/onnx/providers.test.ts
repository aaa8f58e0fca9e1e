import { describe, expect, test } from 'vitest';
import { isOutOfMemory, toBucket, toBuckets, toRuns } from './buckets.ts';
import { toLayout, withBatchMax } from './layout.ts';
import { lastMeaningfulLine } from './trial/native-noise.ts';
import { findAbsence, readMachine, type Machine } from './providers.ts';
import { createQualify, toMs } from './trial/qualify.ts';

const bare: Machine = { platform: 'linux', libraries: [], devices: [] };
const libraries = ['libonnxruntime_providers_cuda.so', 'libonnxruntime_providers_tensorrt.so'];

describe('what cannot be here', () => {
  test.each([
    ['cpu', bare, null],
    ['webgpu', bare, 'no GPU here'],
    ['webgpu', { ...bare, devices: ['dri/renderD128'] }, null],
    ['webgpu', { ...bare, vulkanDriver: '/some/icd.json' }, null],
    ['webgpu', { ...bare, platform: 'darwin' }, null],
    ['cuda', { ...bare, libraries }, 'no NVIDIA GPU here'],
    ['cuda', { ...bare, devices: ['dri/renderD128'], libraries }, 'no NVIDIA GPU here'],
    ['cuda', { ...bare, devices: ['nvidiactl'] }, 'libonnxruntime_providers_cuda.so is not installed'],
    ['cuda', { ...bare, devices: ['nvidiactl'], libraries }, null],
    ['tensorrt', { ...bare, devices: ['dxg'], libraries }, null],
    ['tensorrt', { ...bare, platform: 'darwin' }, 'for Linux only'],
  ] as const)('%s on %o: %s', (provider, machine, expected) => {
    const absence = findAbsence(provider, machine);
    if (expected === null) expect(absence).toBeNull();
    else expect(absence).toContain(expected);
  });

  test('the machine is read: the engine is there, and its libraries are seen', () => {
    const { libraries: found, platform } = readMachine();
    expect(platform).toBe(process.platform);
    expect(found).toContain('onnxruntime_binding.node');
  });
});

describe('buckets', () => {
  test.each([
    [1, [1]],
    [2, [1, 2]],
    [6, [1, 2, 4, 6]],
    [16, [1, 2, 4, 8, 16]],
  ])('up to %i', (batchMax, buckets) => {
    expect(toBuckets(batchMax)).toEqual(buckets);
  });

  test('a batch goes to the next larger one', () => {
    expect([1, 2, 3, 4, 5].map((count) => toBucket(count, [1, 2, 4, 6]))).toEqual([1, 2, 4, 4, 6]);
    expect(toBucket(3, [])).toBe(3);
  });

  test('more than a run holds are several runs', () => {
    expect(toRuns([1, 2, 3, 4, 5], 2)).toEqual([[1, 2], [3, 4], [5]]);
  });

  test.each([
    ['CUDA failure 2: out of memory ; GPU=0', true],
    ['BFCArena::AllocateRawInternal Failed to allocate memory for requested buffer of size 1', true],
    ['VK_ERROR_OUT_OF_DEVICE_MEMORY', true],
    ['std::bad_alloc', true],
    ['no room on the bus', false],
    ['CUDA failure 700: an illegal memory access was encountered', false],
  ])('%s: short of memory? %s', (reason, expected) => {
    expect(isOutOfMemory(reason)).toBe(expected);
  });
});

describe('layouts', () => {
  test('CPU: workers of one thread, no buckets; as many runs as workers', () => {
    const layout = toLayout('cpu', {}, { cpu: 2, cuda: 8 });
    expect(layout).toMatchObject({ threads: 1, batchMax: 2, buckets: [], runsMax: layout.workers });
    expect(layout.workers).toBeGreaterThan(0);
  });

  test('GPU: one thread feeds it, and the next batch is laid out meanwhile', () => {
    const layout = toLayout('cuda', {}, { cpu: 2, cuda: 8 });
    expect(layout).toMatchObject({ workers: 1, batchMax: 8, buckets: [1, 2, 4, 8], runsMax: 2 });
    expect(withBatchMax(layout, 4)).toMatchObject({ batchMax: 4, buckets: [1, 2, 4] });
  });

  test('what was configured counts', () => {
    const wishes = { workers: 3, threads: 2, batchMax: 5 };
    expect(toLayout('cpu', wishes, { cpu: 2 })).toMatchObject({ ...wishes, runsMax: 3 });
    expect(toLayout('webgpu', wishes, {})).toMatchObject({ ...wishes, buckets: [1, 2, 4, 5], runsMax: 3 });
  });

  test('a network for one picture takes one, whatever was configured', () => {
    const forOne = { cpu: 1, cuda: 1, tensorrt: 1, webgpu: 1 };
    expect(toLayout('cpu', { batchMax: 8 }, forOne)).toMatchObject({ batchMax: 1, buckets: [] });
    expect(toLayout('cuda', { batchMax: 8 }, forOne)).toMatchObject({ batchMax: 1, buckets: [1] });
  });
});

describe('a trial', () => {
  const measured = (batch: number, pictureMs: number) => ({
    batch,
    pictureMs,
    sessionMs: 1,
    firstMs: 1,
    runs: 3,
    runMs: pictureMs * batch,
    memoryMb: 1,
  });
  const cuda = toLayout('cuda', {}, { cuda: 4 });
  const rival = toLayout('cpu', {}, {});
  const { signal } = new AbortController();
  const qualify = (trial: Parameters<typeof toTrial>[0], withRival = true) =>
    createQualify({ measure: toTrial(trial), rival: withRival ? rival : undefined })(cuda, signal);
  const toTrial =
    (trials: Record<'cuda' | 'cpu', { pictures: readonly number[]; fault: string | null }>) =>
    async ({ provider }: { provider: string }) => {
      const { pictures, fault } = provider === 'cpu' ? trials.cpu : trials.cuda;
      return { measured: pictures.map((ms, index) => measured(2 ** index, ms)), fault };
    };
  const cpu = { pictures: [35], fault: null };

  test('that was faster than the CPU is passed', async () => {
    const passed = await qualify({ cuda: { pictures: [50, 20, 10], fault: null }, cpu });
    expect(passed).toEqual({ batchMax: 4, pictureMs: 10, notes: ['35 ms on the CPU'] });
  });

  test('that was slower is not, with the figures; unless the provider was asked for', async () => {
    const slow = { cuda: { pictures: [30_000], fault: null }, cpu };
    const message = 'slower: 30,000 ms a picture against 35 ms on the CPU';
    await expect(qualify(slow)).rejects.toMatchObject({ kind: 'unavailable', message });
    await expect(qualify(slow, false)).resolves.toMatchObject({ pictureMs: 30_000 });
  });

  test('that ended early counts as far as it came', async () => {
    const { batchMax, notes } = await qualify({ cuda: { pictures: [20, 10], fault: 'out of memory' }, cpu });
    expect(batchMax).toBe(2);
    expect(notes[0]).toBe('batches of more than 2 do not work: out of memory');
  });

  test('that showed nothing is not passed', async () => {
    const none = { cuda: { pictures: [], fault: 'no result within 30 s' }, cpu };
    await expect(qualify(none)).rejects.toThrow('no result within 30 s');
  });

  test.each([
    [3.44, '3.4 ms'],
    [35.2, '35.2 ms'],
    [30_000, '30,000 ms'],
  ])('%d is told as %s', (ms, told) => expect(toMs(ms)).toBe(told));
});

describe('of what native code prints', () => {
  test.each([
    ['', undefined],
    ['\n  \n====\n', undefined],
    ['first\nterminate called after throwing\n\n', 'terminate called after throwing'],
    ['Error: device lost\n    at run (x.js:1)\n    at y\n\nNode.js v20.1.0\n', 'Error: device lost'],
    ['error: XDG_RUNTIME_DIR is invalid or not set in the environment.\n', undefined],
    [
      '\u001b[1;31m2026-11-21 14:58:31.39 [E:onnxruntime:n, bridge.cc:1 Create] /src/bridge.cc:1988 Provider& Get() [ONNXRuntimeError] : 1 : FAIL : Failed to load library libcublas.so\u001b[m\n',
      'Failed to load library libcublas.so',
    ],
    ['\u0007bell\u0000and null', 'bell and null'],
  ])('%j the last line that says something is %j', (noise, expected) => {
    expect(lastMeaningfulLine(noise)).toBe(expected);
  });
});
