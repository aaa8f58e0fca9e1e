import { expect, test } from 'vitest';
import { toLayout, type Layout } from '../detect/index.ts';
import { rank, suggest, toCpuLayouts, toGpuLayouts, toSettings, type Row } from './tune-plan.ts';

const cpu = (workers: number, threads: number): Layout => toLayout('cpu', { workers, threads, batchMax: 1 }, {});
const row = (layout: Layout, batch: number, pictureMs: number, runMs = pictureMs * batch): Row => ({
  layout,
  measured: { batch, pictureMs, runMs, sessionMs: 1, firstMs: 1, runs: 3, memoryMb: 100 },
  note: '',
});

test.each([
  [1, ['1x1']],
  [2, ['1x1', '1x2', '2x1']],
  [4, ['1x1', '1x4', '2x2', '2x1', '4x1']],
  [16, ['1x1', '1x16', '4x4', '8x2', '8x1', '16x1']],
])('on %i cores the layouts are %o', (cores, expected) => {
  expect(toCpuLayouts(cores).map(({ workers, threads }) => `${workers}x${threads}`)).toEqual(expected);
});

test('the fastest is suggested', () => {
  const rows = [row(cpu(1, 1), 1, 60), row(cpu(2, 1), 1, 30), row(cpu(1, 2), 1, 40)];
  const best = suggest(rows);
  expect(best && toSettings(best)).toEqual(['EXECUTION_PROVIDER=cpu', 'DETECT_WORKERS=2', 'DETECT_THREADS=1', 'DETECT_BATCH_MAX=1']); // prettier-ignore
  expect(rank(rows).map(({ measured }) => measured.pictureMs)).toEqual([30, 40, 60]);
});

test('of those that are as good as equal, the one that answers soonest', () => {
  const rows = [row(cpu(2, 1), 8, 29, 480), row(cpu(2, 1), 1, 30, 60)];
  expect(suggest(rows)?.measured?.batch).toBe(1);
});

test('a GPU is suggested with its batch; what did not work is not', () => {
  const gpu = toLayout('cuda', { batchMax: 16 }, {});
  const rows: Row[] = [row(cpu(2, 1), 1, 30), row(gpu, 8, 2), { layout: gpu, measured: null, note: 'out of memory' }];
  const best = suggest(rows);
  expect(best && toSettings(best)).toEqual(['EXECUTION_PROVIDER=cuda', 'DETECT_BATCH_MAX=8']);
  expect(suggest([{ layout: gpu, measured: null, note: 'no' }])).toBeUndefined();
});

test('what cannot be here is said without trying', () => {
  const gpus = toGpuLayouts({ platform: 'linux', libraries: [], devices: [] });
  expect(gpus.map(({ layout }) => layout.provider)).toEqual(['tensorrt', 'cuda', 'webgpu']);
  for (const { absence } of gpus) expect(absence).toMatch(/here/);
});
