/** What is said between a measuring child process (measure-child.ts) and the one that started it (measure.ts). */
import { z } from 'zod';
import type { SessionSettings } from '../thread/session.ts';

/** What the child is to measure; as JSON on its command line. */
export interface MeasureSettings extends SessionSettings {
  /** Threads that each hold the network and compute at the same time. */
  readonly workers: number;
  /** One after another, least first. */
  readonly batches: readonly number[];
  /** Whether each batch size has a session of its own, as on a GPU. */
  readonly buckets: boolean;
  /** How long each batch size is measured once it is warm; at least a few runs. */
  readonly runMs: number;
  readonly startMsMax: number;
}

const duration = z.number().nonnegative();

const measured = z.strictObject({
  batch: z.int().positive(),
  /** Loading the network, and its first run: kernels are made, memory is taken. */
  sessionMs: duration,
  firstMs: duration,
  /** Warm runs that were measured. */
  runs: z.int().positive(),
  /** The median of one run. */
  runMs: duration,
  /** What all workers together take for a picture. */
  pictureMs: duration,
  /** Most memory that the measuring process had, all threads together; of a GPU's, with the CPU's network for comparison. */
  memoryMb: duration,
});
/** How fast one batch size was. */
export type Measured = Readonly<z.infer<typeof measured>>;

export const childMessage = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('measured'), measured }),
  z.strictObject({ type: z.literal('done') }),
  z.strictObject({ type: z.literal('failed'), message: z.string() }),
]);
export type ChildMessage = z.infer<typeof childMessage>;
