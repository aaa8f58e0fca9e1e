import { writeFile } from 'node:fs/promises';
import { NightjarError, toNightjarError } from '../../lib/errors.ts';
import { decodeOnnx, encodeOnnx } from '../onnx/onnx-proto.ts';
import { findDifference } from './compare.ts';
import { checkRun, type Expectation } from './judge.ts';
import type { NetworkFacts } from './network.ts';
import type { OutputPlan } from './outputs.ts';
import type { ImportedFamily, Preprocessing } from './preprocessing.ts';
import { INPUT_NAME, operate, type BatchWish } from './surgery.ts';
import { tryNetwork } from './trial.ts';

export interface NetworkWish {
  /** The file as it was given. */
  readonly bytes: Uint8Array;
  readonly facts: NetworkFacts;
  readonly outputs: readonly OutputPlan[];
  readonly preprocessing: Preprocessing;
  readonly family: ImportedFamily;
  readonly classes: number;
}

export interface ChosenNetwork {
  readonly bytes: Uint8Array;
  readonly operators: readonly string[];
  readonly runMs: number;
  /** `reason` says why one picture at a time is all; null where the batch is free. */
  readonly batch: { readonly isFree: boolean; readonly wasFree: boolean; readonly reason: string | null };
}

interface Tried {
  readonly bytes: Uint8Array;
  readonly operators: readonly string[];
  readonly runMs: number;
}
interface TrialPlace {
  readonly onnxPath: string;
  readonly msMax?: number | undefined;
}

/**
 * Tries the network with a free batch, whatever the file says, and keeps that if two pictures together give what each
 * gives alone. Else the network takes one picture at a time. Leaves the chosen one at `onnxPath`. Throws `invalid` when
 * it does not even do that.
 */
export async function chooseNetwork(wish: NetworkWish, place: TrialPlace): Promise<ChosenNetwork> {
  const wasFree = wish.facts.batch === undefined;
  try {
    return { ...(await tryAs('free', wish, place)), batch: { isFree: true, wasFree, reason: null } };
  } catch (thrown) {
    if (!(thrown instanceof NightjarError) || thrown.kind !== 'invalid') throw thrown;
    const one = await tryAs('one', wish, place).catch((cause: unknown) => {
      throw withBatch(cause, wish.facts.batch);
    });
    return { ...one, batch: { isFree: false, wasFree, reason: thrown.message } };
  }
}

/** A network for eight at a time fails as soon as it is given one: nobody would guess why from that alone. */
function withBatch(thrown: unknown, batch: number | undefined): NightjarError {
  const error = toNightjarError(thrown);
  if (batch === undefined || batch === 1) return error;
  const message = `exported for ${batch} pictures at a time, it can neither do one nor any number: ${error.message}`;
  return new NightjarError(error.kind, message, { cause: error });
}

/** The pictures of each run: each alone, then together. */
const RUNS: Readonly<Record<BatchWish, readonly (readonly number[])[]>> = { free: [[1], [2], [1, 2]], one: [[1]] };

async function tryAs(batch: BatchWish, wish: NetworkWish, { onnxPath, msMax }: TrialPlace): Promise<Tried> {
  const { bytes, operators } = build(batch, wish);
  await writeFile(onnxPath, bytes);
  const task = { onnxPath, input: { name: INPUT_NAME, ...wish.facts.size }, runs: RUNS[batch] };
  const { runs, runMs } = await tryNetwork(task, msMax === undefined ? {} : { msMax });
  const expected: Expectation = { ...wish, size: wish.facts.size };
  runs.forEach((run, index) => checkRun(run, RUNS[batch][index]?.length ?? 0, expected));
  const together = runs.at(-1);
  const difference = batch === 'free' && together ? findDifference(runs.slice(0, -1), together, expected) : undefined;
  if (difference !== undefined) throw new NightjarError('invalid', difference);
  return { bytes, operators, runMs };
}

/** Decoded anew each time, for the operation changes the model itself. */
function build(batch: BatchWish, { bytes, ...wish }: NetworkWish): Pick<Tried, 'bytes' | 'operators'> {
  const model = decodeOnnx(bytes);
  const operators = operate(model, { ...wish, batch });
  return { bytes: encodeOnnx(model), operators };
}
