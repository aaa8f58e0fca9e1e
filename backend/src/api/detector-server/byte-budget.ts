import { NightjarError } from '../../lib/errors.ts';

export interface Account {
  /** Throws `overloaded` when all together would hold too much. */
  take(count: number): void;
  /** Gives back all that was taken. */
  close(): void;
}

/** Bytes of pictures being received, of all senders together. */
export function createByteBudget(bytesMax: number): { open(): Account } {
  let held = 0;
  return {
    open() {
      let own = 0;
      return {
        take(count) {
          if (held + count > bytesMax)
            throw new NightjarError('overloaded', 'too many pictures are being received: try again in a moment');
          held += count;
          own += count;
        },
        close() {
          held -= own;
          own = 0;
        },
      };
    },
  };
}
