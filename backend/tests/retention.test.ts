/** Retention that is killed again and again leaves no row without its file; and the check beside a running Nightjar. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, rm, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { startChild } from '../src/lib/start-child.ts';
import type { FrameWire } from '../src/model/wire.ts';
import { createTestHouse, type TestHouse } from '../src/retention/tests/test-house.ts';
import { createCleanups } from './harness/cleanups.ts';
import { createDataDir, drop, getAll, runCli, startProcess, untilDone } from './harness/nightjar.ts';
import { readStreet, withComment } from './harness/pictures.ts';
import { sized } from './harness/size.ts';

const FRAMES = sized(600, 1_200);
const KILLS = sized(4, 6);
/** The same moments in each run; where they fall in the work is chance. */
const MOMENTS_MS = [3, 170, 40, 260, 90, 15];

const cleanups = createCleanups();
afterEach(cleanups.run);

describe('retention', () => {
  it('heals whatever is left by a SIGKILL at any moment', { timeout: 120_000 }, async () => {
    const house = await createTestHouse();
    cleanups.add(house.close);
    await house.addFrames(FRAMES);
    for (let n = 0; n < 20; n++) await house.addEvent();
    for (let kill = 0; kill < KILLS; kill++) {
      const child = await startRetaining(house);
      // Every other time it is at work for certain: then it says that it has deleted something.
      if (kill % 2 === 1 && (await house.count('frames')) > 0) await once(child, 'message');
      await sleep(MOMENTS_MS[kill % MOMENTS_MS.length]);
      child.kill('SIGKILL');
      await once(child, 'exit');
      await expectSound(house);
    }
    expect(await house.count('frames')).toBeLessThan(FRAMES);
    await house.createRetention().runOnce();
    expect([await house.count('frames'), await house.count('events'), await house.files()]).toEqual([0, 0, []]);
  });

  /** Every row has its file; every file has a row, or its removal is due. */
  async function expectSound(house: TestHouse): Promise<void> {
    const faults = await house.faults();
    expect(faults.filter((fault) => fault.startsWith('no file'))).toEqual([]);
    const due = await house.db.query(
      (sql) => sql<{ mediaPath: string }[]>`select media_path from media_removals where removed_at is null`,
    );
    const known = new Set(due.map(({ mediaPath }) => `no row: ${mediaPath}`));
    expect(faults.filter((fault) => !known.has(fault))).toEqual([]);
  }

  async function startRetaining({ db, root, inbox }: TestHouse): Promise<ChildProcess> {
    if (!('socketDir' in db.target)) throw new Error('the test server has a socket');
    const { socketDir, database } = db.target;
    const url = new URL('./harness/retention-child.ts', import.meta.url);
    const child = startChild(url, [socketDir, database, root, inbox], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    cleanups.add(() => child.kill('SIGKILL'));
    await once(child, 'message');
    return child;
  }
});

describe('nightjar check', () => {
  it(
    'beside a running Nightjar: clean, then what is wrong, repaired, and clean again',
    { timeout: 120_000 },
    async () => {
      const dataDir = await createDataDir();
      cleanups.add(dataDir.remove);
      const nightjar = await startProcess(dataDir.path);
      cleanups.add(() => nightjar.kill('SIGKILL'));
      const jpeg = await readStreet();
      for (const name of ['one', 'two', 'three'])
        await drop(path.join(dataDir.path, 'inbox'), `Gate/${name}.jpg`, withComment(jpeg, name));
      await untilDone(nightjar, 3);
      const check = (...flags: string[]) =>
        runCli(['check', ...flags], { cwd: dataDir.path, env: { DATA_DIR: dataDir.path } });
      expect(await check()).toMatchObject({ code: 0, stdout: 'compared 3 rows and 3 files: all is well\n' });

      const media = path.join(dataDir.path, 'media');
      const [lost, damaged] = await getAll<FrameWire>(nightjar, '/api/frames');
      const toPath = ({ sha256 }: FrameWire): string => `gate/${sha256?.slice(0, 2)}/${sha256}.jpg`;
      if (!lost || !damaged) throw new Error('there are frames');
      await rm(path.join(media, toPath(lost)));
      await writeFile(path.join(media, toPath(damaged)), 'x');
      const stray = `gate/${'a'.repeat(2)}/${'a'.repeat(64)}.jpg`;
      await mkdir(path.dirname(path.join(media, stray)), { recursive: true });
      await writeFile(path.join(media, stray), 'y');
      await utimes(path.join(media, stray), 0, 0);

      const found = await check('--json', '--quick');
      const lines = found.stdout.trim().split('\n').map((line) => JSON.parse(line) as Record<string, unknown>); // prettier-ignore
      expect(found.code).toBe(1);
      expect(lines.slice(0, -1).map(({ fault, media_path: at }) => [fault, at]).sort()).toEqual(
      [['missing', toPath(lost)], ['size', toPath(damaged)], ['stray', stray]].sort(),
    ); // prettier-ignore
      expect(lines.at(-1)).toMatchObject({ summary: { rows: 3, findings: { missing: 1, size: 1, stray: 1 } } });

      const repaired = await check('--repair');
      expect(repaired.code).toBe(1);
      expect(repaired.stdout).toMatch(/kept without its file/);
      expect(await check()).toMatchObject({ code: 0, stdout: 'compared 1 rows and 1 files: all is well\n' });
      expect((await getAll<FrameWire>(nightjar, '/api/frames')).map(({ state }) => state)).toEqual([
        'done',
        'done',
        'done',
      ]);
    },
  );
});
