import { defineProject } from 'vitest/config';

// Workers (onnx threads) inherit the process' execArgv, so with tsx loaded here they run from source too.
const execArgv = ['--import', 'tsx'];

/** The test projects. vitest 4 no longer reads this file by itself: vitest.config.ts imports it. */
export default [
  defineProject({
    test: {
      name: 'unit',
      include: ['backend/src/**/*.test.ts', 'benchmarks/**/*.test.ts'],
      exclude: ['**/*.db.test.ts'],
      pool: 'forks',
      execArgv,
    },
  }),
  defineProject({
    test: {
      name: 'integration',
      include: ['backend/src/**/*.db.test.ts', 'backend/tests/**/*.test.ts'],
      globalSetup: ['backend/tests/harness/global-setup.ts'],
      pool: 'forks',
      execArgv,
      testTimeout: 60_000,
      hookTimeout: 60_000,
    },
  }),
];
