/** A few at a time; the others go on with something else, and are called in the order in which they came. */
export interface Turns {
  /** Whether it is this one's turn; if not, it is remembered as waiting. */
  take(name: string): boolean;
  /** A turn is over: resolves to who is to be called, if anybody waits. */
  giveBack(): string | undefined;
}

export function createTurns(atOnceMax: number): Turns {
  const waiting = new Set<string>();
  let taken = 0;
  return {
    take(name) {
      waiting.delete(name);
      if (taken < atOnceMax) {
        taken += 1;
        return true;
      }
      waiting.add(name);
      return false;
    },
    giveBack() {
      taken -= 1;
      const [next] = waiting;
      if (next !== undefined) waiting.delete(next);
      return next;
    },
  };
}
