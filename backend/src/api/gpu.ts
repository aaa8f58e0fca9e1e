import { z } from '@hono/zod-openapi';
import { toTime } from '../model/wire.ts';
import type { ApiOptions, GpuFacts, GpuFigures } from './options.ts';
import { invalid, json, seenFilters, type ApiApp } from './route-parts.ts';
import { route } from './access.ts';

const time = z.iso.datetime({ precision: 3 });
const figure = z.number().nullable();
const figures = {
  uuid: z.string(),
  utilization_percent: figure,
  memory_utilization_percent: figure.openapi({ description: 'share of the time in which memory was read or written' }),
  memory_used_mb: figure.openapi({ description: 'MiB' }),
  temperature_c: figure,
  power_w: figure,
};

export const gpuSchema = z
  .object({
    gpus: z
      .array(
        z.object({
          index: z.int().min(0),
          name: z.string(),
          driver_version: z.string().nullable(),
          ...figures,
          memory_total_mb: figure.openapi({ description: 'MiB' }),
          power_limit_w: figure,
          sampled_at: time,
        }),
      )
      .nullable()
      .openapi({ description: 'null where there is no NVIDIA GPU, or this process does not detect' }),
    history: z
      .array(z.object({ at: time, gpus: z.array(z.object(figures)) }))
      .openapi({ description: 'of the last hour, oldest first' }),
  })
  .openapi('Gpus', { description: 'A figure that a GPU does not tell is null.' });
type GpuWire = z.infer<typeof gpuSchema>;

const gpu = route('viewer', {
  method: 'get',
  path: '/api/system/gpu',
  tags: ['system'],
  request: { query: z.strictObject({ since: seenFilters.since }) },
  responses: { 200: json(gpuSchema, 'GPUs of the machine that detects'), ...invalid },
});

/** GET /api/system/gpu */
export function addGpu(app: ApiApp, facts: Pick<ApiOptions, 'gpu'>): void {
  app.openapi(gpu, (c) => {
    const sinceMs = c.req.valid('query').since?.getTime() ?? 0;
    return c.json(toWire(facts.gpu(), sinceMs), 200);
  });
}

const toWire = ({ gpus, history }: GpuFacts, sinceMs: number): GpuWire => ({
  gpus: gpus?.map((one) => toGpuWire(one)) ?? null,
  history: history
    .filter(({ at }) => at.getTime() >= sinceMs)
    .map((sample) => ({ at: toTime(sample.at), gpus: sample.gpus.map(toFiguresWire) })),
});

const toGpuWire = (gpu: NonNullable<GpuFacts['gpus']>[number]) => ({
  index: gpu.index,
  name: gpu.name,
  driver_version: gpu.driverVersion,
  ...toFiguresWire(gpu),
  memory_total_mb: gpu.memoryTotalMb,
  power_limit_w: gpu.powerLimitW,
  sampled_at: toTime(gpu.sampledAt),
});

const toFiguresWire = (gpu: GpuFigures) => ({
  uuid: gpu.uuid,
  utilization_percent: gpu.utilizationPercent,
  memory_utilization_percent: gpu.memoryUtilizationPercent,
  memory_used_mb: gpu.memoryUsedMb,
  temperature_c: gpu.temperatureC,
  power_w: gpu.powerW,
});
