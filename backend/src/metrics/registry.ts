import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { families, type Family, type FamilyName, type FamilyOf, type LabelsOf } from './families.ts';

export const PREFIX = 'nightjar_';

/** The families as Prometheus reads them, all of them from the start, and the ways to move them. */
export interface MeterRegistry {
  count<Name extends FamilyOf<'counter'>>(name: Name, labels: LabelsOf<Name>, by?: number): void;
  observe<Name extends FamilyOf<'histogram'>>(name: Name, labels: LabelsOf<Name>, value: number): void;
  add<Name extends FamilyOf<'gauge'>>(name: Name, labels: LabelsOf<Name>, by: number): void;
  readonly prometheus: Registry;
}

export function createMeterRegistry(): MeterRegistry {
  const prometheus = new Registry();
  const counters = new Map<FamilyName, Counter>();
  const histograms = new Map<FamilyName, Histogram>();
  const gauges = new Map<FamilyName, Gauge>();
  for (const [key, family] of Object.entries(families) as [FamilyName, Family][]) {
    const { kind, help, labels = [], buckets = [] } = family;
    const settings = { name: `${PREFIX}${key}`, help, labelNames: [...labels], registers: [prometheus] };
    if (kind === 'counter') counters.set(key, new Counter(settings));
    else if (kind === 'gauge') gauges.set(key, new Gauge(settings));
    else histograms.set(key, new Histogram({ ...settings, buckets: [...buckets] }));
  }
  return {
    count: (name, labels, by = 1) => counters.get(name)?.inc(labels, by),
    observe: (name, labels, value) => histograms.get(name)?.observe(labels, value),
    add: (name, labels, by) => gauges.get(name)?.inc(labels, by),
    prometheus,
  };
}
