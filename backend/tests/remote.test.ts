/**
 * Remote detectors as a user has them: the built program, two servers, many pictures. Each picture says by itself
 * what is to be found in it, so every stored detection is held against its picture.
 */
import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { connect } from '../src/db/index.ts';
import { readAccount } from './harness/account.ts';
import { createCleanups } from './harness/cleanups.ts';
import { eventually } from './harness/eventually.ts';
import { sized } from './harness/size.ts';
import { createDataDir, drop, readSummary, runCli, startProcess, type NightjarProcess } from './harness/nightjar.ts';
import type { Standin } from './standins/detector-server.ts';
import { startDeepstack } from './standins/deepstack-server.ts';
import { startRtdetr } from './standins/rtdetr-server.ts';
import { drawScene, expectedOf, SCENE } from './standins/scene.ts';

const FRAMES = sized(200, 1_000);
const CAMERAS = 5;
const TEST_MS = 150_000;
const ALL_DONE_MS = 100_000;
/** The default; a frame that used them all would be dead. */
const ATTEMPTS_MAX = 5;

const cleanups = createCleanups();
const standins: Standin[] = [];

afterEach(async () => {
  await cleanups.run();
  expect(standins.splice(0).flatMap(({ breaches }) => breaches)).toEqual([]);
});

async function start<S extends Standin>(starting: Promise<S>): Promise<S> {
  const standin = await starting;
  cleanups.add(() => standin.kill());
  standins.push(standin);
  return standin;
}

interface Story {
  readonly dataDir: string;
  readonly inbox: string;
  readonly nightjar: NightjarProcess;
}

async function open(detectors: string): Promise<Story> {
  const dataDir = await createDataDir();
  cleanups.add(dataDir.remove);
  const nightjar = await startProcess(dataDir.path, { DETECTORS: detectors });
  cleanups.add(() => nightjar.kill('SIGKILL'));
  return { dataDir: dataDir.path, inbox: path.join(dataDir.path, 'inbox'), nightjar };
}

/** Drops the scenes `from` to `to`; resolves to the hash of each, by which it is known again. */
async function dropScenes(inbox: string, from: number, to: number): Promise<Map<string, number>> {
  const numbers = new Map<string, number>();
  for (let number = from; number < to; number += 1) {
    const bytes = await drawScene(number);
    numbers.set(createHash('sha256').update(bytes).digest('hex'), number);
    const second = Math.floor(number / CAMERAS);
    const time = [Math.floor(second / 60), second % 60].map((part) => String(part).padStart(2, '0')).join('');
    await drop(inbox, `cam ${number % CAMERAS}/20240610_12${time}_${number}.jpg`, bytes);
  }
  return numbers;
}

const untilDone = (nightjar: NightjarProcess, count: number) =>
  eventually(async () => (await readSummary(nightjar)).frames.by_state.done >= count, {
    withinMs: ALL_DONE_MS,
    what: `${count} frames done`,
  });

interface Stored {
  readonly sha256: string;
  readonly state: string;
  readonly attempts: number;
  readonly objects: ReturnType<typeof expectedOf>;
}

/** Every frame with what was stored for it, straight from the database. */
async function readStored({ dataDir }: Story) {
  const sql = connect({ socketDir: path.join(dataDir, 'run'), database: 'nightjar' }, { max: 1 });
  try {
    const frames = await sql<Stored[]>`
      select sha256, state, attempts, coalesce((
        select json_agg(json_build_object('label', label, 'score', score,
          'bbox', json_build_object('x', x, 'y', y, 'width', width, 'height', height)) order by score desc)
        from detections where frame_id = frames.id), '[]'::json) as objects
      from frames`;
    return { frames, account: await readAccount(sql) };
  } finally {
    await sql.end();
  }
}

/** Each frame done once, with exactly what its picture demands: none empty by an error, none with another's objects. */
async function expectAllRight(story: Story, numbers: ReadonlyMap<string, number>): Promise<readonly Stored[]> {
  const { frames, account } = await readStored(story);
  expect(account.states).toEqual({ done: numbers.size });
  expect(account).toMatchObject({ duplicates: 0, doubled: 0, untold: 0, eventFaults: 0 });
  const found = new Map(frames.map(({ sha256, objects }) => [numbers.get(sha256), objects]));
  expect(found.size).toBe(numbers.size);
  for (const number of numbers.values()) expect(round(found.get(number)), `scene ${number}`).toEqual(expectedOf(number)); // prettier-ignore
  return frames;
}

/** Scores are kept as single floats. */
const round = (objects: Stored['objects'] | undefined) =>
  objects?.map((object) => ({ ...object, score: Math.round(object.score * 1e4) / 1e4 }));

const isIn = (a: string, state: string) => new RegExp(`"name":"${a}","state":"${state}"`);
const readSystem = async (nightjar: NightjarProcess): Promise<string> => JSON.stringify(await nightjar.get('/api/system')); // prettier-ignore

describe('two RT-DETR servers', () => {
  it(`examine ${FRAMES} frames, though one of them dies and returns`, { timeout: TEST_MS }, async () => {
    const [a, b] = [await start(startRtdetr()), await start(startRtdetr())];
    const story = await open(`remote:${a.url},remote:${b.url}`);
    const { nightjar, inbox } = story;
    const dropping = dropScenes(inbox, 0, FRAMES);
    await untilDone(nightjar, FRAMES / 10);
    // In the middle of its work: answers are under way.
    await eventually(() => a.counters.inFlight > 0, { what: 'a request at the first server' });
    await a.kill();
    const before = b.counters.batches.length;
    await eventually(() => b.counters.batches.length > before, { what: 'the second server at work alone' });
    await untilDone(nightjar, FRAMES / 4);
    await a.restart();
    const returned = a.counters.batches.length;
    const numbers = await dropping;
    await untilDone(nightjar, FRAMES);

    const frames = await expectAllRight(story, numbers);
    expect(Math.max(...frames.map(({ attempts }) => attempts))).toBeLessThan(ATTEMPTS_MAX - 1);
    // The other server took over at once: hardly a frame was ever given back.
    expect(frames.filter(({ attempts }) => attempts > 1).length).toBeLessThan(FRAMES / 20);
    expect(a.counters.batches.length).toBeGreaterThan(returned);
    expect(await nightjar.kill('SIGTERM')).toBe(0);
  });

  it(
    'that are both away leave the frames waiting, and examine them when they are back',
    { timeout: TEST_MS },
    async () => {
      const [a, b] = [await start(startRtdetr()), await start(startRtdetr())];
      const story = await open(`remote:${a.url},remote:${b.url}`);
      const { nightjar, inbox } = story;
      const first = await dropScenes(inbox, 0, 20);
      await untilDone(nightjar, 20);
      await Promise.all([a.kill(), b.kill()]);
      await eventually(async () => isIn(a.url, 'unavailable').test(await readSystem(nightjar)), { what: 'A given up' });
      await eventually(async () => isIn(b.url, 'unavailable').test(await readSystem(nightjar)), { what: 'B given up' });
      const second = await dropScenes(inbox, 20, 60);
      await eventually(async () => (await readSummary(nightjar)).frames.by_state.pending === 40, {
        what: '40 waiting',
      });
      expect((await readStored(story)).frames.filter(({ attempts }) => attempts > 1)).toEqual([]);
      await Promise.all([a.restart(), b.restart()]);
      await untilDone(nightjar, 60);
      const frames = await expectAllRight(story, new Map([...first, ...second]));
      // No attempt was spent on servers that were known to be away.
      expect(Math.max(...frames.map(({ attempts }) => attempts))).toBe(1);
      expect(await nightjar.kill('SIGTERM')).toBe(0);
    },
  );
});

describe.each([
  ['remote', startRtdetr, 'remote-rtdetr'],
  ['deepstack', startDeepstack, 'remote-deepstack'],
] as const)('the engine %s', (engine, startServer, model) => {
  it('gives the same boxes by `detect` as by the pipeline', { timeout: TEST_MS }, async () => {
    const server = await start<Standin>(startServer());
    const story = await open(`${engine}:${server.url}`);
    const formats = ['jpeg', 'png', 'webp'] as const;
    const pictures = path.join(story.dataDir, 'pictures');
    await mkdir(pictures);
    const hashes = new Map<string, number>();
    for (const [index, format] of formats.entries()) {
      const number = 1_237 + index;
      const bytes = await drawScene(number, format, format === 'jpeg' ? 6 : 1);
      hashes.set(createHash('sha256').update(bytes).digest('hex'), number);
      await writeFile(path.join(pictures, `${number}.${format}`), bytes);
      await drop(story.inbox, `cam/${number}.${format}`, bytes);
    }
    await untilDone(story.nightjar, formats.length);
    await expectAllRight(story, hashes);

    const env = { DETECTORS: `${engine}:${server.url}` };
    const { code, stdout } = await runCli(['detect', '--json', pictures], { cwd: story.dataDir, env });
    expect(code).toBe(0);
    const lines = stdout.trimEnd().split('\n').map((line) => JSON.parse(line) as object); // prettier-ignore
    expect(lines).toEqual(
      formats.map((format, index) => {
        const number = 1_237 + index;
        return { path: path.join(pictures, `${number}.${format}`), ...SCENE, model, detections: expectedOf(number) };
      }),
    );
  });
});

it('`detect` says which server is away, and fails', async () => {
  const server = await start(startRtdetr());
  await server.kill();
  const dataDir = await createDataDir();
  cleanups.add(dataDir.remove);
  const picture = path.join(dataDir.path, 'a.jpg');
  await writeFile(picture, await drawScene(5));
  const env = { DETECTORS: `remote:${server.url.replace('//', '//user:hidden-secret@')}` };
  const { code, stdout, stderr } = await runCli(['detect', '--json', picture], { cwd: dataDir.path, env });
  expect(code).toBe(1);
  expect(JSON.parse(stdout)).toMatchObject({ path: picture, error: { kind: 'unavailable' } });
  expect(stdout).toContain('ECONNREFUSED');
  expect(stdout + stderr).not.toContain('hidden-secret');
});
