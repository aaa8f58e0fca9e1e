import {
  circuitBreaker,
  CircuitState,
  ConsecutiveBreaker,
  ExponentialBackoff,
  handleWhen,
  isBrokenCircuitError,
} from 'cockatiel';
import { NightjarError, toNightjarError } from '../../lib/errors.ts';

const FAILURES_IN_A_ROW_MAX = 3;

export interface Breaker {
  /** Whether the server may be given work. */
  isClosed(): boolean;
  /** Runs it. A failure that is not counted changes nothing, a success always counts. Throws `unavailable` while open. */
  run<T>(work: () => Promise<T>, options: { readonly isCounted: boolean }): Promise<T>;
  /** Runs it if the breaker is open and its time is up: closes the breaker, or opens it for longer and throws. */
  tryOut(work: () => Promise<unknown>): Promise<void>;
}

export interface BreakerOptions {
  /** How long it stays open at first, and at most. */
  readonly breakMsFirst: number;
  readonly breakMsMax: number;
}

/** Opens after some failures in a row that are the server's (`unavailable`), then for longer and longer. */
export function createBreaker({ breakMsFirst, breakMsMax }: BreakerOptions): Breaker {
  const createCircuit = () =>
    circuitBreaker(
      handleWhen((error) => toNightjarError(error).kind === 'unavailable'),
      {
        breaker: new ConsecutiveBreaker(FAILURES_IN_A_ROW_MAX),
        halfOpenAfter: new ExponentialBackoff({ initialDelay: breakMsFirst, maxDelay: breakMsMax }),
      },
    );
  let circuit = createCircuit();
  let lastMs = Date.now();
  const isClosed = (): boolean => circuit.state === CircuitState.Closed;

  async function runUncounted<T>(work: () => Promise<T>): Promise<T> {
    const result = await work();
    if (isClosed()) await circuit.execute(() => undefined);
    return result;
  }

  return {
    isClosed,
    async run(work, { isCounted }) {
      // Opened by another call, between the choice of this server and now.
      if (!isClosed()) throw new NightjarError('unavailable', 'the server has just failed others');
      return isCounted ? circuit.execute(work) : runUncounted(work);
    },
    async tryOut(work) {
      if (isClosed()) return;
      // The circuit goes by the time of day: where that was set back, it would stay open for as long.
      if (Date.now() < lastMs) circuit = createCircuit();
      lastMs = Date.now();
      await circuit.execute(work).catch((thrown: unknown) => {
        // Its time is not up: there is nothing to try yet.
        if (!(thrown instanceof Error && isBrokenCircuitError(thrown))) throw thrown;
      });
    },
  };
}
