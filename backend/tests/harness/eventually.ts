import { setTimeout as sleep } from 'node:timers/promises';

const STEP_MS = 20;

/** Waits until `check` is true (or returns a value that is neither false nor undefined); fails after `withinMs`. */
export async function eventually<T>(
  check: () => T | Promise<T>,
  { withinMs = 10_000, what = 'the condition' }: { withinMs?: number; what?: string } = {},
): Promise<NonNullable<T>> {
  const untilMs = Date.now() + withinMs;
  for (;;) {
    const value = await check();
    if (value !== false && value !== undefined && value !== null) return value;
    if (Date.now() > untilMs) throw new Error(`${what} did not come true within ${withinMs} ms`);
    await sleep(STEP_MS);
  }
}
