/** The same content comes again while its file is being removed: at every point of that, no row may end without its file. */
import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventually } from '../../tests/harness/eventually.ts';
import { toArrival } from '../../tests/harness/ledger.ts';
import { systemClock, type Clock } from '../lib/clock.ts';
import { NightjarError } from '../lib/errors.ts';
import { newId } from '../lib/id.ts';
import { recordArrivals } from '../queue/arrivals.ts';
import { createTestHouse, type Added, type TestHouse } from './tests/test-house.ts';

let house: TestHouse;
beforeEach(async () => void (house = await createTestHouse()));
afterEach(() => house.close());

const bytes = Buffer.from('a picture that comes again');
const sha256 = createHash('sha256').update(bytes).digest('hex');

const put = (): Promise<string> => house.media.put({ cameraId: 'yard', sha256, extension: 'jpg', bytes });

/** As ingest does after `put`; the transaction stays open until `hold` resolves. */
function record(mediaPath: string, hold: () => Promise<void> = () => Promise.resolve()) {
  const arrival = toArrival('yard', { sha256, mediaPath, bytes: bytes.length });
  const options = { newId, isStored: house.media.has };
  return house.db.transaction(async (tx) => {
    const [outcome] = await recordArrivals(tx, () => undefined, [arrival], options);
    await hold();
    return outcome;
  });
}

function createGate() {
  let open = (): void => undefined;
  const passed = new Promise<void>((resolve) => (open = resolve));
  return { open, passed };
}

async function expectOneRowWithItsFile(otherFrames = 0): Promise<void> {
  expect([await house.count('frames'), await house.count('media_removals')]).toEqual([1 + otherFrames, 0]);
  expect(await house.media.read(`yard/${sha256.slice(0, 2)}/${sha256}.jpg`)).toEqual(bytes);
  expect(await house.faults()).toEqual([]);
}

/** Rows are deleted, the removal of the file is due. */
async function deleteRow(): Promise<Added> {
  const frame = await house.addFrame({ bytes });
  const away = (): Promise<never> => Promise.reject(new NightjarError('unavailable', 'the disk is away'));
  await expect(house.createRetention({ removeMedia: away }).runOnce()).rejects.toThrow(/away/);
  expect([await house.count('frames'), await house.count('media_removals')]).toEqual([0, 1]);
  return frame;
}

describe('the same content, stored again', () => {
  it('before its removal: the removal is taken back', async () => {
    await deleteRow();
    expect(await record(await put())).toBe('recorded');
    await house.createRetention().runOnce();
    await expectOneRowWithItsFile();
  });

  it('and removed before it is recorded: it is to be stored once more', async () => {
    await deleteRow();
    const mediaPath = await put();
    await house.createRetention().runOnce();
    expect(await house.media.has(mediaPath)).toBe(false);
    await expect(record(mediaPath)).rejects.toMatchObject({ kind: 'unavailable' });
    expect(await house.count('frames')).toBe(0);
    expect(await record(await put())).toBe('recorded');
    await expectOneRowWithItsFile();
  });

  it('and recorded while the removal is at it: who records waits for the outcome', async () => {
    await deleteRow();
    const mediaPath = await put();
    const [begun, gate] = [createGate(), createGate()];
    const removing = house.createRetention({
      async removeMedia(path) {
        begun.open();
        await gate.passed;
        await house.media.remove(path);
      },
    }).runOnce(); // prettier-ignore
    await begun.passed;
    const recording = record(mediaPath).catch((thrown: unknown) => thrown);
    await eventually(hasWaiter, { what: 'somebody who waits for a lock' });
    gate.open();
    await removing;
    expect(await recording).toMatchObject({ kind: 'unavailable' });
    expect(await record(await put())).toBe('recorded');
    await expectOneRowWithItsFile();
  });

  it('and recorded, not yet committed, when its old row is deleted: the removal waits for that commit', async () => {
    const clip = await house.addClip({ ageDays: 1 });
    await house.addFrame({ bytes, clipId: clip.id });
    await house.addFrame({ clipId: clip.id, offsetMs: 2_000, ageDays: 1 });
    const [recorded, gate] = [createGate(), createGate()];
    const recording = record(await put(), () => {
      recorded.open();
      return gate.passed;
    });
    await recorded.passed;
    const waiting = createGate();
    const sleep: Clock['sleep'] = (durationMs, signal) => {
      waiting.open();
      return systemClock.sleep(durationMs, signal);
    };
    const retaining = house.createRetention({ clock: { ...systemClock, sleep } }).runOnce();
    await Promise.race([waiting.passed, retaining]);
    expect(await house.count('media_removals')).toBe(1);
    gate.open();
    expect(await recording).toBe('recorded');
    await retaining;
    await house.createRetention().runOnce();
    await expectOneRowWithItsFile(1);
  });
});

describe('a removal that is interrupted', () => {
  it.each(['before', 'after'] as const)('%s the file is gone heals with the next', async (when) => {
    await house.addFrames(20);
    let calls = 0;
    const retention = house.createRetention({
      async removeMedia(path) {
        if (when === 'after') await house.media.remove(path);
        if (++calls >= 5) await house.db.query(endConnections).catch(() => undefined);
        else if (when === 'before') await house.media.remove(path);
      },
    });
    await expect(retention.runOnce()).rejects.toMatchObject({ kind: 'unavailable' });
    // Its own connection may be one of those that were ended.
    const faults = await eventually(() => house.faults().catch(() => undefined), { what: 'an answer of the database' });
    expect(faults.filter((fault) => fault.startsWith('no file'))).toEqual([]);
    await eventually(
      () => house.createRetention().runOnce().then(() => true, () => undefined),
      { what: 'a connection that works again' },
    ); // prettier-ignore
    expect([await house.count('frames'), await house.faults()]).toEqual([0, []]);
  });

  it('removes nothing more once its connection is lost: the same content may be recorded again by then', async () => {
    await house.addFrames(60);
    let [calls, callsAfter, underWay] = [0, 0, 0];
    let cut: Promise<void> | undefined;
    let isCut = false;
    const retention = house.createRetention({
      async removeMedia(path) {
        underWay += 1;
        if (isCut) callsAfter += 1;
        if (++calls >= 20) await (cut ??= house.db.query(endRemover));
        isCut = cut !== undefined;
        await house.media.remove(path);
        underWay -= 1;
      },
    });
    await expect(retention.runOnce()).rejects.toMatchObject({ kind: 'unavailable' });
    await eventually(() => underWay === 0, { what: 'the end of those that had begun' });
    expect(callsAfter).toBe(0);
  });

  it('holds no others up when one file cannot be removed', async () => {
    const [stuck] = await house.addFrames(5);
    const retention = house.createRetention({
      removeMedia: (path) =>
        path === stuck?.mediaPath
          ? Promise.reject(new NightjarError('unavailable', 'this one stays'))
          : house.media.remove(path),
    });
    await retention.runOnce().catch(() => undefined);
    expect(await house.files()).toEqual([stuck?.mediaPath]);
  });
});

const endConnections = (sql: TestHouse['db']['sql']) => sql`
  select pg_terminate_backend(pid) from pg_stat_activity
  where datname = current_database() and state like 'idle in transaction%'`;

/** Resolves when it is gone. */
async function endRemover(sql: TestHouse['db']['sql']): Promise<void> {
  const readRemover = () => sql<{ pid: number }[]>`
    select distinct pid from pg_locks where relation = 'media_removals'::regclass and mode = 'RowShareLock'`;
  const [remover] = await readRemover();
  await sql`select pg_terminate_backend(${remover?.pid ?? 0})`;
  await eventually(async () => (await readRemover()).length === 0, { what: 'the end of the transaction' });
}

async function hasWaiter(): Promise<boolean> {
  const rows = await house.db.query(
    (sql) => sql`select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
  );
  return rows.length > 0;
}
