/** Room on the disk of the media store: how much is left, whether it is too little, and when it is enough again. */
import type { Logger } from '../lib/log.ts';

/** Beyond the least that must be free: so that not every file that comes sets us off again. */
const MARGIN_SHARE = 0.1;
const MARGIN_BYTES_MAX = 1024 ** 3;
/** After deleting so much, a tenth of it must show: else something else fills the disk, and we would delete in vain. */
const VAIN_BYTES = 1024 ** 3;
const VAIN_SHARE = 0.1;
/** While the state stays the same, the log hears of it this often. */
const REMIND_MS = 3_600_000;
const GIB = 1024 ** 3;

export interface RoomLook {
  /** Null: nobody can say. */
  readonly freeBytes: number | null;
  readonly isShort: boolean;
  readonly isEnough: boolean;
}

export function toLook(freeBytes: number | null, freeMinBytes: number): RoomLook {
  const margin = Math.min(freeMinBytes * MARGIN_SHARE, MARGIN_BYTES_MAX);
  return {
    freeBytes,
    isShort: freeBytes !== null && freeBytes < freeMinBytes,
    isEnough: freeBytes === null || freeBytes >= freeMinBytes + margin,
  };
}

export const isVain = (deletedBytes: number, gainedBytes: number): boolean =>
  deletedBytes >= VAIN_BYTES && gainedBytes < deletedBytes * VAIN_SHARE;

export const toGib = (bytes: number | null): string => (bytes === null ? 'unknown' : `${(bytes / GIB).toFixed(2)} GiB`);

/** What is wrong with the room, for the log (once, and again each hour) and for whoever asks. */
export function createTrouble(log: Logger) {
  let told: { readonly words: string; readonly atMs: number } | undefined;
  return {
    tell(words: string | undefined, nowMs: number): void {
      if (words === undefined) {
        if (told) log.info('retention: there is room again');
        told = undefined;
      } else if (told?.words !== words || nowMs - told.atMs >= REMIND_MS) {
        log.error(`retention: ${words}`);
        told = { words, atMs: nowMs };
      }
    },
    read: (): string | null => told?.words ?? null,
  };
}
