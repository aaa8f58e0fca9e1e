import { NightjarError } from '../../../lib/errors.ts';
import type { Layout } from '../layout.ts';
import type { Trial } from './measure.ts';

/** What a provider showed in its trial. */
export interface Qualified {
  /** The largest batch that worked. */
  readonly batchMax: number;
  /** What a picture takes in the best batch; undefined where there was no trial: for the CPU. */
  readonly pictureMs?: number;
  /** Why larger batches are not used, and what the CPU takes, in words for the log. */
  readonly notes: readonly string[];
}

/** Tries a GPU provider; throws `unavailable`, with the reason, when it should not be used. */
export type Qualify = (layout: Layout, signal: AbortSignal) => Promise<Qualified>;

export interface QualifyOptions {
  readonly measure: (layout: Layout, signal: AbortSignal) => Promise<Trial>;
  /** The layout of the CPU that a provider must not be slower than; undefined: it is used in any case. */
  readonly rival: Layout | undefined;
}

/** The CPU needs no trial, and is measured only when there is something to compare it with, and only once. */
export function createQualify({ measure, rival }: QualifyOptions): Qualify {
  let cpuMs: Promise<number | undefined> | undefined;
  return async (layout, signal) => {
    if (layout.provider === 'cpu') return { batchMax: layout.batchMax, notes: [] };
    const trial = await measure(layout, signal);
    const batchMax = trial.measured.at(-1)?.batch;
    if (batchMax === undefined) throw new NightjarError('unavailable', trial.fault ?? 'nothing could be measured');
    const pictureMs = toPictureMs(trial) ?? Infinity;
    if (rival) assertFaster(pictureMs, await (cpuMs ??= measure(rival, signal).then(toPictureMs)));
    return { batchMax, pictureMs, notes: toNotes(trial, batchMax, await cpuMs) };
  };
}

/** What a picture takes in the best of the measured batches. */
const toPictureMs = ({ measured }: Trial): number | undefined =>
  measured.length === 0 ? undefined : Math.min(...measured.map(({ pictureMs }) => pictureMs));

function assertFaster(pictureMs: number, cpuMs: number | undefined): void {
  // A CPU that could not be measured is no reason against a GPU that could.
  if (cpuMs === undefined || pictureMs <= cpuMs) return;
  throw new NightjarError('unavailable', `slower: ${toMs(pictureMs)} a picture against ${toMs(cpuMs)} on the CPU`);
}

const toNotes = ({ fault }: Trial, batchMax: number, cpuMs: number | undefined): string[] => [
  ...(fault === null ? [] : [`batches of more than ${batchMax} do not work: ${fault}`]),
  ...(cpuMs === undefined ? [] : [`${toMs(cpuMs)} on the CPU`]),
];

/** 3.4 ms, 35 ms, 30,000 ms. */
export const toMs = (ms: number): string =>
  `${ms.toLocaleString('en-US', { maximumSignificantDigits: ms < 10 ? 2 : 3 })} ms`;
