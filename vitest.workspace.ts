import { defineProject } from 'vitest/config';

// As config.ts does for the program: onnxruntime reports its use to its maker unless told not to.
const env = { ORT_DISABLE_TELEMETRY: '1' };

/**
 * The test projects. vitest 4 no longer reads this file by itself: vitest.config.ts imports it.
 *
 * unit         beside the code, milliseconds each, no server and no model
 * database     `.db.test.ts`: a real PostgreSQL and Redis, a database of its own for each test
 * integration  `.real.test.ts` (the real model, threads, seconds of file system), and the stories across rooms in
 *              backend/tests
 */
export default [
  defineProject({
    test: {
      name: 'unit',
      include: ['backend/src/**/*.test.ts', 'benchmarks/**/*.test.ts'],
      exclude: ['**/*.db.test.ts', '**/*.real.test.ts'],
      pool: 'forks',
      // No module keeps a state that a test would find: they are loaded once for many files, which is half the time.
      isolate: false,
      env,
      // Fuzz tests take a second or two alone, and many times that beside lint and types on two cores.
      testTimeout: 30_000,
    },
  }),
  defineProject({
    test: {
      name: 'database',
      include: ['backend/src/**/*.db.test.ts'],
      globalSetup: ['backend/tests/harness/global-setup.ts'],
      pool: 'forks',
      isolate: false,
      env,
      testTimeout: 60_000,
      hookTimeout: 60_000,
    },
  }),
  defineProject({
    test: {
      name: 'integration',
      include: ['backend/src/**/*.real.test.ts', 'backend/tests/**/*.test.ts'],
      globalSetup: ['backend/tests/harness/global-setup.ts'],
      pool: 'forks',
      isolate: false,
      env,
      testTimeout: 60_000,
      hookTimeout: 60_000,
    },
  }),
];
