/** What a test opened and must close again, also when it failed half-way. */
export interface Cleanups {
  add(cleanup: () => unknown): void;
  /** Last added first, all of them; failures are gathered and thrown together. */
  run(): Promise<void>;
}

export function createCleanups(): Cleanups {
  const cleanups: (() => unknown)[] = [];
  return {
    add: (cleanup) => void cleanups.push(cleanup),
    async run() {
      const failures: unknown[] = [];
      for (const cleanup of cleanups.splice(0).reverse())
        try {
          await cleanup();
        } catch (thrown) {
          failures.push(thrown);
        }
      if (failures.length > 0) throw new AggregateError(failures, 'a test could not be cleaned up after');
    },
  };
}
