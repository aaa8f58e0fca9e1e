/** How benchmarks speak: spreads of durations, aligned tables, and limits that fail the run. */
import Table from 'cli-table3';
import { percentile } from '../backend/src/lib/latency.ts';

/** Milliseconds. */
export interface Spread {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
}

/** Nearest rank. Throws when there is no sample: a figure must not be made of nothing. */
export function toSpread(samplesMs: readonly number[]): Spread {
  const sorted = Float64Array.from(samplesMs).sort();
  const at = (share: number): number => {
    const value = percentile(sorted, share);
    if (value === null) throw new Error('nothing was measured');
    return value;
  };
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99) };
}

export const say = (line: string): void => void process.stdout.write(`${line}\n`);

export const toFixed = (value: number | null, digits = 1): string => value?.toFixed(digits) ?? '-';

/** A row for `sayTable` under `SPREAD_HEAD`. */
export const toRow = (name: string, count: number, { p50, p95, p99 }: Spread): string[] => [
  name,
  `${count}`,
  ...[p50, p95, p99].map((value) => toFixed(value)),
];

export const SPREAD_HEAD = ['', 'n', 'p50 ms', 'p95 ms', 'p99 ms'];

export function sayTable(head: readonly string[], rows: readonly (readonly string[])[]): void {
  const colAligns = head.map((_, index) => (index === 0 ? 'left' : 'right'));
  const table = new Table({ head: [...head], colAligns, style: { head: [], border: [], compact: true } });
  for (const row of rows) table.push([...row]);
  say(table.toString());
}

export type Limit = readonly [what: string, isHeld: boolean];

/** Says of each limit whether it holds; throws when one does not. */
export function hold(limits: readonly Limit[]): void {
  for (const [what, isHeld] of limits) say(`${isHeld ? 'held' : 'MISSED'}: ${what}`);
  const missed = limits.filter(([, isHeld]) => !isHeld);
  if (missed.length > 0) throw new Error(`${missed.length} limit(s) missed`);
}
