import { mkdir, readdir, rm, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NightjarError } from '../lib/errors.ts';
import { createTestInbox, createWarnings, eventually, makeJpeg, type TestInbox } from './test-inbox.ts';

let test: TestInbox;
beforeEach(async () => void (test = await createTestInbox()));
afterEach(() => test.close());

describe('a crash', () => {
  it('between recording and removing: the next start only removes', async () => {
    const bytes = await makeJpeg(1);
    const died = new Error('died');
    const first = await test.start({
      async record(arrival) {
        await test.sinks.record(arrival);
        throw died;
      },
    });
    await test.drop('cam/a.jpg', bytes);
    await test.arrived(1);
    await first.close();
    expect(await test.files()).toEqual(['a.jpg']);
    await (await test.start()).idle();
    expect(test.arrivals).toHaveLength(1);
    expect(await test.files()).toEqual([]);
  });

  it('while a file was put aside: the next start finds it, under its own name', async () => {
    await test.write('cam/2024/.nightjar/1f0e/a.jpg', await makeJpeg(1));
    await (await test.start()).idle();
    expect(test.told()).toEqual(['cam: 2024/a.jpg: fine']);
    expect(await test.files()).toEqual([]);
    await expect(stat(join(test.inbox, 'cam/2024/.nightjar'))).rejects.toThrow('ENOENT');
  });
});

describe('a crash between putting aside and deleting', () => {
  it('leaves empty folders of ours: the next start removes them, and no others', async () => {
    for (const folder of ['cam/2024/.nightjar/1f0e', 'cam/2024/.nightjar/2f0e', 'cam/.nightjar', 'cam/empty'])
      await mkdir(join(test.inbox, folder), { recursive: true });
    await (await test.start()).idle();
    expect(await readdir(join(test.inbox, 'cam'))).toEqual(['2024', 'empty']);
    expect(await readdir(join(test.inbox, 'cam/2024'))).toEqual([]);
  });
});

describe('an outage', () => {
  it.each(['resolveCamera', 'storeOriginal', 'record'] as const)(
    'of %s loses nothing and is told once',
    async (sink) => {
      const { log, warnings } = createWarnings();
      let isAway = true;
      const ingest = await test.start({
        log,
        [sink]: async (argument: never) => {
          if (isAway) throw new NightjarError('unavailable', 'the database is away');
          return test.sinks[sink](argument);
        },
      });
      for (let number = 0; number < 20; number++) await test.drop(`cam/${number}.jpg`, await makeJpeg(number));
      await eventually(() => expect(ingest.stats()).toMatchObject({ waiting: 20, outage: true }));
      for (let i = 0; i < 20; i++) test.putForward(10_000);
      expect(test.arrivals).toEqual([]);
      isAway = false;
      test.putForward(10_000);
      await test.arrived(20);
      await ingest.idle();
      expect(ingest.stats().outage).toBe(false);
      expect(await test.files()).toEqual([]);
      expect(warnings).toEqual([expect.stringContaining('the database is away')]);
    },
  );
});

describe('closing', () => {
  it('waits for the file in hand, and leaves the others', async () => {
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const ingest = await test.start({
      async record(arrival) {
        await held;
        return test.sinks.record(arrival);
      },
    });
    for (let number = 0; number < 10; number++) await test.drop(`cam/${number}.jpg`, await makeJpeg(number));
    await eventually(() => expect(ingest.stats()).toMatchObject({ waiting: 6, examining: 4 }));
    const closing = ingest.close();
    release();
    await closing;
    expect(test.arrivals).toHaveLength(4);
    expect(await test.files()).toHaveLength(6);
  });
});

describe('the inbox', () => {
  it('is made if it is not there, and may come back after it went', async () => {
    await rm(test.inbox, { recursive: true });
    const ingest = await test.start();
    await test.drop('cam/a.jpg', await makeJpeg(1));
    await test.arrived(1);
    await ingest.idle();
    await rm(test.inbox, { recursive: true });
    await test.drop('cam/b.jpg', await makeJpeg(2));
    await ingest.idle();
    await test.arrived(2);
  });

  it('that cannot be had is unavailable', async () => {
    await test.write('file', 'x');
    await expect(test.start({ inbox: join(test.inbox, 'file/inbox') })).rejects.toMatchObject({ kind: 'unavailable' });
    await unlink(join(test.inbox, 'file'));
  });
});
