/**
 * A circuit breaker around the language model. After a few failures in a row nobody asks for a while; then one call is
 * let through, and decides. Answers that cannot be used do not count: a server that gives them is there.
 */
import { CircuitState, ConsecutiveBreaker, circuitBreaker, handleWhen, BrokenCircuitError } from 'cockatiel';
import type { Clock } from '../lib/clock.ts';
import { NightjarError, toMessage } from '../lib/errors.ts';
import { LlmError } from './llm-error.ts';

export interface BreakerLimits {
  /** Failures in a row that open it. */
  readonly failuresMax: number;
  /** After any failure, also before it opens. */
  readonly pauseMs: number;
  /** The first rest; each further one is twice as long. */
  readonly restMs: number;
  readonly restMsMax: number;
}

export const breakerLimits: BreakerLimits = { failuresMax: 3, pauseMs: 1_000, restMs: 5_000, restMsMax: 60_000 };

export interface Breaker {
  run<T>(work: () => Promise<T>): Promise<T>;
  /** Calls worth beginning: as many as one likes, just one to try, or none. */
  allowed(): number;
  /** Why it rests; undefined while it does not. */
  reason(): string | undefined;
}

export function createBreaker({ clock, limits }: { clock: Clock; limits: BreakerLimits }): Breaker {
  let tryAtMs = 0;
  /** cockatiel calls `next` as it opens, and rests for the `duration` of what that returns. */
  function rest(restMs: number): { duration: number; next: () => ReturnType<typeof rest> } {
    tryAtMs = clock.nowMs() + restMs;
    return { duration: restMs, next: () => rest(Math.min(limits.restMsMax, restMs * 2)) };
  }
  const policy = circuitBreaker(
    handleWhen((error) => error instanceof LlmError && error.fault !== 'malformed'),
    {
      breaker: new ConsecutiveBreaker(limits.failuresMax),
      halfOpenAfter: { next: () => rest(limits.restMs) },
    },
  );
  return {
    async run(work) {
      try {
        return await policy.execute(work);
      } catch (thrown) {
        tryAtMs = Math.max(tryAtMs, clock.nowMs() + limits.pauseMs);
        if (!(thrown instanceof BrokenCircuitError)) throw thrown;
        throw new NightjarError('unavailable', 'the language model is given a rest', { cause: thrown });
      }
    },
    allowed() {
      if (clock.nowMs() < tryAtMs || policy.state === CircuitState.HalfOpen) return 0;
      return policy.state === CircuitState.Closed ? Infinity : 1;
    },
    reason() {
      if (policy.state === CircuitState.Closed) return undefined;
      const last = policy.lastFailure;
      return last && 'error' in last ? toMessage(last.error) : 'the language model failed';
    },
  };
}
