import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../tests/harness/database.ts';
import { gpuSchema } from './gpu.ts';
import type { GpuFacts } from './index.ts';
import { startTestApi, type TestApi } from './tests/test-api.ts';

let db: TestDatabase;
let api: TestApi;
let facts: GpuFacts;
beforeAll(async () => {
  db = await createTestDatabase();
  api = await startTestApi(db, { gpu: () => facts });
});
afterAll(async () => {
  await api.close();
  await db.close();
});

const figures = { uuid: 'GPU-1', utilizationPercent: 12, memoryUtilizationPercent: null, memoryUsedMb: 1024, temperatureC: 35, powerW: 68.12 }; // prettier-ignore
const figuresWire = { uuid: 'GPU-1', utilization_percent: 12, memory_utilization_percent: null, memory_used_mb: 1024, temperature_c: 35, power_w: 68.12 }; // prettier-ignore
const at = (minute: number): Date => new Date(Date.UTC(2025, 5, 1, 12, minute));
const read = async (query = ''): Promise<unknown> => gpuSchema.parse(await api.get(`/api/system/gpu${query}`));

test('without a GPU: null, and nothing made up', async () => {
  facts = { gpus: null, history: [] };
  expect(await api.get('/api/system/gpu')).toEqual({ gpus: null, history: [] });
});

test('figures as they were told, null for those that were not, and the last hour', async () => {
  const gpu = { ...figures, index: 0, name: 'NVIDIA L4', driverVersion: null, memoryTotalMb: 23034, powerLimitW: null, sampledAt: at(2) }; // prettier-ignore
  facts = { gpus: [gpu], history: [0, 1, 2].map((minute) => ({ at: at(minute), gpus: [figures] })) };
  const wire = { ...figuresWire, index: 0, name: 'NVIDIA L4', driver_version: null, memory_total_mb: 23034, power_limit_w: null, sampled_at: '2025-06-01T12:02:00.000Z' }; // prettier-ignore
  const history = [0, 1, 2].map((minute) => ({ at: at(minute).toISOString(), gpus: [figuresWire] }));
  expect(await read()).toEqual({ gpus: [wire], history });
  expect(await read('?since=2025-06-01T12:01:00Z')).toEqual({ gpus: [wire], history: history.slice(1) });
  expect(await read('?since=2025-06-01T14:03:00%2B02:00')).toEqual({ gpus: [wire], history: [] });
});

test('a wrong time or another parameter is 400', async () => {
  for (const query of ['?since=yesterday', '?until=2025-06-01T12:00:00Z'])
    expect((await api.send(`/api/system/gpu${query}`)).status).toBe(400);
});
