/** Goes from the oldest to the youngest, in small steps, and works off the removals after each. */
import { toNightjarError } from '../lib/errors.ts';
import { forget, type Forgotten } from './forget.ts';
import { advance, readOldest, START, type Item, type Wanted } from './oldest.ts';
import { removeDue, type RemoverOptions } from './removals.ts';

/** Frames in one transaction; more only for an event that has more. */
export const STEP_FRAMES_MAX = 100;

export interface Tally {
  events: number;
  frames: number;
  clips: number;
  /** Of the files that were to be removed. */
  bytes: number;
  /** That were removed. */
  files: number;
}

export const createTally = (): Tally => ({ events: 0, frames: 0, clips: 0, bytes: 0, files: 0 });

/** `exhausted`: nothing is left that may go. `busy`: another process is at it, or files cannot be removed just now. */
export type WalkEnd = 'enough' | 'exhausted' | 'busy' | 'stopped';

export interface WalkOptions extends RemoverOptions {
  readonly wanted: Wanted;
  /** Asked before each step. */
  readonly isEnough: () => Promise<boolean>;
  /** Counts what went, also when a later step throws. */
  readonly tally: Tally;
  readonly signal: AbortSignal;
}

export async function walk(options: WalkOptions): Promise<WalkEnd> {
  const { db, wanted, tally, signal } = options;
  let position = START;
  while (!signal.aborted) {
    if (await options.isEnough()) return 'enough';
    const items = await db.query((sql) => readOldest(sql, wanted, position, STEP_FRAMES_MAX));
    if (items.length === 0) return 'exhausted';
    position = advance(position, items);
    const forgotten = await forgetItems(options, items);
    if (!forgotten) return 'busy';
    add(tally, forgotten);
    const removed = await removeDue(options, signal);
    tally.files += removed.files;
    if (removed.state === 'waiting') return 'busy';
  }
  return 'stopped';
}

/** A row that cannot be deleted (something refers to it that should not) must not stop the line: each is tried alone. */
async function forgetItems(options: WalkOptions, items: readonly Item[]): Promise<Forgotten | undefined> {
  const { db, wanted, log } = options;
  try {
    return await db.transaction((tx) => forget(tx, items, wanted));
  } catch (thrown) {
    const error = toNightjarError(thrown);
    if (error.kind !== 'conflict') throw error;
    if (items.length > 1) return forgetEach(options, items);
    log.error({ ...items[0], err: error }, `retention: one ${items[0]?.kind} stays, for it cannot be deleted`);
    return { events: 0, frames: 0, clips: 0, bytes: 0 };
  }
}

async function forgetEach(options: WalkOptions, items: readonly Item[]): Promise<Forgotten | undefined> {
  const sum = { events: 0, frames: 0, clips: 0, bytes: 0 };
  for (const item of items) {
    const one = await forgetItems(options, [item]);
    if (!one) return undefined;
    add(sum, one);
  }
  return sum;
}

function add(sum: { -readonly [Key in keyof Forgotten]: number }, one: Forgotten): void {
  sum.events += one.events;
  sum.frames += one.frames;
  sum.clips += one.clips;
  sum.bytes += one.bytes;
}

/** Adds `one` to `sum`, and returns that. */
export function addTally(sum: Tally, one: Tally): Tally {
  add(sum, one);
  sum.files += one.files;
  return sum;
}
