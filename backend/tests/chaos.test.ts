/** The chaos suite in small: a few rounds of it, and that it would see what is wrong. Its large form: `npm run chaos`. */
import { rename } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { checkDatabase } from './chaos/checker.ts';
import { openHouse, type House } from './chaos/house.ts';
import { createLedger } from './chaos/ledger.ts';
import { faultNames, planRound, type FaultName } from './chaos/plan.ts';
import { checkMedia } from './chaos/residue.ts';
import { runRound } from './chaos/round.ts';

const SEED = 4;
const FILES = { min: 8, max: 16 };
/** One of each sort; what this machine cannot bring about is left out. */
const FAULTS: readonly FaultName[] = ['kill', 'pause', 'postgres-kill', 'redis-kill', 'detector-crash', 'disk-full', 'clock-all']; // prettier-ignore
const START_MS_MAX = 120_000;
const ROUND_MS_MAX = 120_000;

const ledger = createLedger();
let house: House;
beforeAll(async () => {
  house = await openHouse({ withReal: false });
}, START_MS_MAX);
afterAll(() => house.close(), START_MS_MAX);

it('plans the same round from the same seed, and each fault once in as many rounds', () => {
  const plan = (seed: number, round: number) => planRound({ seed, round, available: faultNames, files: FILES });
  expect(plan(1, 5)).toEqual(plan(1, 5));
  expect(plan(1, 5)).not.toEqual(plan(2, 5));
  expect(plan(1, 5)).not.toEqual(plan(1, 6));
  const struck = faultNames.flatMap((_, index) => plan(1, index + 1).faults.map(({ name }) => name));
  expect(faultNames.filter((name) => !struck.includes(name))).toEqual([]);
});

it.each(FAULTS.map((_, index) => index + 1))(
  'loses nothing and doubles nothing, round %i',
  async (round) => {
    const available = FAULTS.filter((name) => house.available.includes(name));
    const result = await runRound(house, ledger, planRound({ seed: SEED, round, available, files: FILES }));
    expect(result.findings, result.labels.join('; ')).toEqual([]);
  },
  ROUND_MS_MAX,
);

const tamper = (statement: string) => house.postgres.withSql((sql) => sql.unsafe<{ path: string }[]>(statement));

it('would see what is lost, doubled, untold and left behind', async () => {
  const look = { house, ledger, round: undefined };
  const sorts = async () => new Set((await checkDatabase(look)).map(({ sort }) => sort));
  expect(await sorts()).toEqual(new Set());
  expect(await checkMedia(look, true)).toEqual([]);

  const [stored] = await tamper('select media_path as path from frames where media_path is not null limit 1');
  await rename(path.join(house.mediaDir, stored?.path ?? ''), path.join(house.mediaDir, 'stray.jpg'));
  expect((await checkMedia(look, false)).map(({ sort }) => sort)).toEqual(['lost', 'leak']);

  await tamper(`insert into detections (id, frame_id, event_id, camera_id, label, score, x, y, width, height, captured_at, model)
    select gen_random_uuid(), frame_id, event_id, camera_id, label, score, x, y, width, height, captured_at, model
    from detections limit 1`);
  expect(await sorts()).toContain('doubled');

  await tamper('delete from outbox where seq = (select max(seq) / 2 from outbox)');
  expect(await sorts()).toContain('gap');

  await tamper(
    `delete from detections where frame_id = (select frame_id from detections order by frame_id desc limit 1)`,
  );
  expect(await sorts()).toContain('lost');
});
