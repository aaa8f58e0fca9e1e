import { afterEach, expect, it } from 'vitest';
import { createCleanups } from '../../tests/harness/cleanups.ts';
import { createTestDatabase } from '../../tests/harness/database.ts';
import { eventually } from '../../tests/harness/eventually.ts';
import { createElection, MQTT_OFFICE } from './index.ts';

const cleanups = createCleanups();
afterEach(cleanups.run);

async function openCandidates(silentMsMax?: number) {
  const db = await createTestDatabase();
  cleanups.add(() => db.close());
  const stand = () => {
    const election = createElection(db.target, MQTT_OFFICE, silentMsMax);
    cleanups.add(() => election.close());
    return election;
  };
  return [stand(), stand()] as const;
}

it('elects one, and the other when that one ends', async () => {
  const [first, second] = await openCandidates();
  expect(await first.isElected()).toBe(true);
  expect(await second.isElected()).toBe(false);
  expect(await first.isElected()).toBe(true);
  await first.close();
  await eventually(() => second.isElected(), { what: 'the second' });
});

it('elects another when the first hangs, its connection as open as ever; the first may be elected again', async () => {
  const [first, second] = await openCandidates(500);
  expect(await first.isElected()).toBe(true);
  // From now on the first says nothing, as a process that is stopped, or a machine without power.
  await eventually(() => second.isElected(), { what: 'the second' });
  await second.close();
  await eventually(() => first.isElected().catch(() => false), { what: 'the first' }); // its connection was ended
});
