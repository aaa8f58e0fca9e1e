import type { Clock } from '../lib/clock.ts';

/** Files that stay in the inbox; for others the ledger is asked at each scan. */
const REMEMBERED_MAX = 20_000;
/** The ledger tells when it forgets one, but what it tells may be lost: so it is asked again after this time. */
const TRUSTED_MS = 10 * 60_000;

export interface Remembered {
  /** Whether the ledger knew this file when it was asked, not too long ago. */
  isKnown(path: string, print: string): boolean;
  /** Whether it ever knew it. */
  wasKnown(path: string, print: string): boolean;
  /** `askedMs`: the moment before the ledger was asked. */
  add(path: string, print: string, askedMs: number): void;
  /** The ledger may have forgotten some. */
  doubt(): void;
}

/** Files that the ledger knows, so that not each of them costs a question at each scan. The oldest is forgotten first. */
export function createRemembered(clock: Clock): Remembered {
  const files = new Map<string, { readonly print: string; readonly askedMs: number }>();
  let doubtedMs = -Infinity;

  const find = (path: string, print: string) => {
    const file = files.get(path);
    return file?.print === print ? file : undefined;
  };
  return {
    isKnown(path, print) {
      const file = find(path, print);
      const ageMs = clock.nowMs() - (file?.askedMs ?? -Infinity);
      // What was asked at the very moment of a doubt may have been answered before it.
      return file !== undefined && file.askedMs > doubtedMs && ageMs >= 0 && ageMs < TRUSTED_MS;
    },
    wasKnown: (path, print) => find(path, print) !== undefined,
    add(path, print, askedMs) {
      files.delete(path);
      files.set(path, { print, askedMs });
      const oldest = files.keys().next();
      if (files.size > REMEMBERED_MAX && !oldest.done) files.delete(oldest.value);
    },
    doubt() {
      doubtedMs = clock.nowMs();
    },
  };
}
