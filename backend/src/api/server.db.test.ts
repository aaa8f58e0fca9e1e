import { Agent, request } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../tests/harness/database.ts';
import { startTestApi } from './tests/test-api.ts';

let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(() => db.close());

function gate() {
  let open: () => void = () => undefined;
  const passed = new Promise<void>((resolve) => (open = resolve));
  return { open, passed };
}

const noSleep = { nowMs: () => Date.now(), sleep: () => new Promise<void>(() => undefined) };

test('closing lets a request under way finish, ends idle connections at once, and takes no new ones', async () => {
  const entered = gate();
  const released = gate();
  // A clock that never wakes: only the draining itself can end this close.
  const api = await startTestApi(db, {
    clock: noSleep,
    readiness: async () => {
      entered.open();
      await released.passed;
      return { database: { ok: true } };
    },
  });
  const agent = new Agent({ keepAlive: true });
  const get = (path: string) =>
    new Promise<number | undefined>((resolve, reject) => {
      request(`${api.url}${path}`, { agent }, (response) => {
        response.resume().on('end', () => resolve(response.statusCode));
      })
        .on('error', reject)
        .end();
    });
  const underWay = get('/ready');
  await entered.passed;
  expect(await get('/health')).toBe(200); // leaves an idle connection behind
  const closed = api.close();
  await expect(fetch(`${api.url}/health`)).rejects.toThrow();
  released.open();
  expect(await underWay).toBe(200);
  await closed;
  expect(api.close()).toBe(closed);
  agent.destroy();
});

test('a request that never ends is cut off when the time for draining is up', async () => {
  const entered = gate();
  const drained = gate();
  const api = await startTestApi(db, {
    clock: { nowMs: () => Date.now(), sleep: () => drained.passed },
    readiness: () => {
      entered.open();
      return new Promise(() => undefined);
    },
  });
  const cut = expect(fetch(`${api.url}/ready`)).rejects.toThrow();
  await entered.passed;
  const closed = api.close();
  drained.open();
  await closed;
  await cut;
});
