import type { Clock } from '../../lib/clock.ts';

const FIRST_MS = 1_000;
const LONGEST_MS = 30_000;
const SPREAD_MIN = 0.5;
/** A connection that held for so long was a good one. */
const STEADY_MS = 60_000;
/** Of connections that were made and lost at once, one after the other. */
const DUEL_LOSSES = 5;

export interface Patience {
  met(): void;
  /** A connection, or the attempt to make one. */
  lost(): void;
  /** Until it is time to connect again. */
  leftMs(): number;
}

interface PatienceOptions {
  readonly clock: Pick<Clock, 'nowMs'>;
  /**
   * A broker ends a connection when another comes under the same name: two copies of one house, as after a restore onto
   * another machine, would take turns for ever. Told once for each such row of losses.
   */
  readonly onDuel: () => void;
  readonly random?: () => number;
}

/** Waits longer and longer: 1 s, 2 s, up to 30 s, spread, until a connection holds. */
export function createPatience({ clock, onDuel, random = Math.random }: PatienceOptions): Patience {
  let losses = 0;
  let duels = 0;
  let metMs: number | undefined;
  let retryAtMs = 0;
  return {
    met: () => void (metMs = clock.nowMs()),
    lost() {
      const wasSteady = metMs !== undefined && clock.nowMs() - metMs >= STEADY_MS;
      losses = wasSteady ? 1 : losses + 1;
      duels = metMs === undefined || wasSteady ? 0 : duels + 1;
      metMs = undefined;
      const steadyMs = Math.min(LONGEST_MS, FIRST_MS * 2 ** (losses - 1));
      retryAtMs = clock.nowMs() + steadyMs * (SPREAD_MIN + (1 - SPREAD_MIN) * random());
      if (duels === DUEL_LOSSES) onDuel();
    },
    leftMs: () => Math.max(0, retryAtMs - clock.nowMs()),
  };
}
