import type { Clock } from '../lib/clock.ts';

const HOUR_MS = 3_600_000;

/** A part of the budget, taken before a call for what it may cost at most, and settled afterwards for what it did cost. */
export interface Reservation {
  settle(tokens: number): void;
}

export interface TokenBudget {
  /** Undefined when the last hour leaves too little. */
  reserve(tokens: number): Reservation | undefined;
  /** When so many tokens could next be had, milliseconds since 1970; now if they can, Infinity if they never can. */
  freeAtMs(tokens: number): number;
}

/** Tokens of a rolling hour. In memory: each process has its own, and a restart forgets what was spent. */
export function createTokenBudget({
  perHourMax,
  clock,
}: {
  perHourMax: number | undefined;
  clock: Clock;
}): TokenBudget {
  const max = perHourMax ?? Infinity;
  let spent: { readonly atMs: number; tokens: number }[] = [];
  const sum = (): number => spent.reduce((total, { tokens }) => total + tokens, 0);

  function forget(): void {
    const since = clock.nowMs() - HOUR_MS;
    spent = spent.filter(({ atMs, tokens }) => atMs > since && tokens > 0);
  }

  return {
    reserve(tokens) {
      forget();
      if (sum() + tokens > max) return undefined;
      const entry = { atMs: clock.nowMs(), tokens };
      if (max < Infinity) spent.push(entry);
      return { settle: (cost) => void (entry.tokens = cost) };
    },
    freeAtMs(tokens) {
      forget();
      let over = sum() + tokens - max;
      if (over <= 0) return clock.nowMs();
      if (tokens > max) return Infinity;
      for (const entry of spent) if ((over -= entry.tokens) <= 0) return entry.atMs + HOUR_MS;
      return clock.nowMs() + HOUR_MS;
    },
  };
}
