import { defineProject } from 'vitest/config';

/** The test projects. vitest 4 no longer reads this file by itself: vitest.config.ts imports it. */
export default [
  defineProject({
    test: {
      name: 'unit',
      include: ['backend/src/**/*.test.ts', 'benchmarks/**/*.test.ts'],
      exclude: ['**/*.db.test.ts'],
      pool: 'forks',
    },
  }),
  defineProject({
    test: {
      name: 'integration',
      include: ['backend/src/**/*.db.test.ts', 'backend/tests/**/*.test.ts'],
      globalSetup: ['backend/tests/harness/global-setup.ts'],
      pool: 'forks',
      testTimeout: 60_000,
      hookTimeout: 60_000,
    },
  }),
];
