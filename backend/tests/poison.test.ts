/** Pictures that kill whoever examines them, among others that do not: they are found out, and take nobody with them. */
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { afterEach, expect, it } from 'vitest';
import type { FrameState } from '../src/model/index.ts';
import { readAccount } from './harness/account.ts';
import { createCleanups } from './harness/cleanups.ts';
import { createTestDatabase, type TestDatabase } from './harness/database.ts';
import { eventually } from './harness/eventually.ts';
import { createDataDir, drop, isAlive, startProcess, type NightjarProcess } from './harness/nightjar.ts';
import { readStreet, withComment } from './harness/pictures.ts';
import { sized } from './harness/size.ts';

const GOOD = sized(24, 40);
const CAMERAS = 4;
const ATTEMPTS_MAX = 3;
const TEST_MS = 240_000;
const preload = fileURLToPath(new URL('./harness/poison.mjs', import.meta.url));

const cleanups = createCleanups();
afterEach(cleanups.run);

interface Row {
  readonly sourceName: string;
  readonly state: FrameState;
  readonly attempts: number;
  readonly crashes: number;
  readonly errorKind: string | null;
  readonly errorMessage: string | null;
}
const read = (db: TestDatabase) => db.query((sql) => sql<Row[]>`select * from frames order by source_name`);

async function dropAll(inbox: string): Promise<void> {
  const street = await readStreet();
  const magenta = { create: { width: 640, height: 480, channels: 3, background: '#ff00ff' } } as const;
  await drop(inbox, 'cam 0/poison-decoded.jpg', withComment(street, 'POISON: kills whoever decodes it'));
  await drop(inbox, 'cam 1/poison-computed.png', await sharp(magenta).png().toBuffer());
  for (let index = 0; index < GOOD; index += 1)
    await drop(inbox, `cam ${index % CAMERAS}/good-${index}.jpg`, withComment(street, `good ${index}`));
}

/** As systemd or Docker does: whenever the program dies, it is started again. */
function supervise(start: () => Promise<NightjarProcess>) {
  const deaths: unknown[] = [];
  let running: NightjarProcess | undefined;
  cleanups.add(() => running?.kill('SIGKILL'));
  return {
    deaths,
    log: () => running?.log() ?? '',
    async look(): Promise<void> {
      if (running && isAlive(running.pid)) return;
      if (running) deaths.push(await running.kill('SIGKILL')); // it is dead: this asks what of
      running = undefined;
      running = await start().catch((thrown: unknown) => void deaths.push(thrown));
    },
    stop: () => running?.kill('SIGTERM'),
  };
}

it(`buries two poisonous pictures, and no other, of ${GOOD + 2}`, { timeout: TEST_MS }, async () => {
  const dataDir = await createDataDir();
  cleanups.add(dataDir.remove);
  const db = await createTestDatabase();
  cleanups.add(() => db.close());
  await dropAll(path.join(dataDir.path, 'inbox'));
  const env = { DATABASE_URL: db.url, NODE_OPTIONS: `--import=${preload}`, FRAME_ATTEMPTS_MAX: `${ATTEMPTS_MAX}` };
  const supervisor = supervise(() => startProcess(dataDir.path, env));
  const isOver = async (): Promise<boolean> => {
    await supervisor.look();
    const rows = await read(db);
    return rows.length === GOOD + 2 && rows.every(({ state }) => state === 'done' || state === 'dead');
  };
  await eventually(isOver, { withinMs: TEST_MS - 30_000, what: 'every frame done or dead' });

  const rows = await read(db);
  const good = rows.filter(({ sourceName }) => sourceName.startsWith('good'));
  expect(good.map(({ state }) => state)).toEqual(Array<string>(GOOD).fill('done'));
  // In the hands of each process that died, at worst, and then alone.
  expect(Math.max(...good.map(({ attempts }) => attempts))).toBeLessThanOrEqual(1 + supervisor.deaths.length);
  const message = expect.stringMatching(/^the process that examined it ended with SIGSEGV/) as string;
  for (const poison of rows.filter(({ sourceName }) => sourceName.startsWith('poison'))) {
    expect(poison).toMatchObject({ state: 'dead', attempts: ATTEMPTS_MAX, errorKind: 'unavailable', errorMessage: message }); // prettier-ignore
    // Twice, if the other one takes the process while this one is being examined apart.
    expect(poison.crashes).toBeGreaterThanOrEqual(1);
    expect(poison.crashes).toBeLessThanOrEqual(supervisor.deaths.length);
  }
  expect(supervisor.deaths.length).toBeGreaterThanOrEqual(1);
  expect(supervisor.deaths.length).toBeLessThanOrEqual(2);
  const account = await db.query(readAccount);
  expect(account).toMatchObject({
    states: { done: GOOD, dead: 2 },
    duplicates: 0,
    doubled: 0,
    untold: 0,
    eventFaults: 0,
  });
  expect(account.seqs).toEqual({ count: account.head, first: 1, last: account.head });
  expect(await supervisor.stop()).toBe(0);
});
