import { collectDefaultMetrics, type Registry } from 'prom-client';
import { PREFIX } from './registry.ts';

/** Gauges with the ending of counters, which Prometheus' own rules forbid; their sums say nothing that the others do not. */
const misnamed = ['nodejs_active_handles_total', 'nodejs_active_requests_total', 'nodejs_active_resources_total'];

/** Processor time, memory, the event loop's delay, garbage collection, open files: of this process, for as long as it lives. */
export function watchProcess(registry: Registry): void {
  collectDefaultMetrics({ register: registry, prefix: PREFIX });
  for (const name of misnamed) registry.removeSingleMetric(`${PREFIX}${name}`);
}
