/** Files and folders that were made to do harm: each has its fate, the line goes on, nothing outside is touched. */
import { createHash } from 'node:crypto';
import { lstat, mkdir, mkdtemp, readdir, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CameraWire, FrameWire } from '../src/model/wire.ts';
import { createCleanups } from './harness/cleanups.ts';
import { createTestDatabase } from './harness/database.ts';
import { eventually } from './harness/eventually.ts';
import { makeHostileBytes, makeHostileThings, makeOutside, type Fate } from './harness/hostile.ts';
import { API_KEY, createDataDir, drop, getAll, startProcess, type NightjarProcess } from './harness/nightjar.ts';
import { withComment } from './harness/pictures.ts';
import { startRtdetr } from './standins/rtdetr-server.ts';
import { drawScene } from './standins/scene.ts';

const SETTLE_MS = 200;
const STORY_MS_MAX = 150_000;
const CAMERAS_MAX = 8;
const STRANGERS = 30;
/** Decoded, the bombs would need gigabytes. */
const MEMORY_BYTES_MAX = 600 * 1024 ** 2;

/** Not UTF-8, control characters, and what is no way out once it is a name. */
const FOLDERS = ['%2e%2e%2f', 'red\u001b[31m\nline', 'gate\u202egpj', '-rf'];
const NOT_UTF8 = Buffer.from('caf\xe9', 'latin1');

const cleanups = createCleanups();
let dataDir: Awaited<ReturnType<typeof createDataDir>>;
let inbox: string;
let outside: string;
let nightjar: NightjarProcess;
let fates: ReadonlyMap<string, Fate>;
let outsideBefore: unknown;
let jpeg: Buffer;

const readFrames = () => getAll<FrameWire>(nightjar, '/api/frames');
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** Everything of it that reading or removing would change. */
async function readOutside() {
  const entries = await readdir(outside, { recursive: true, withFileTypes: true });
  return Promise.all(
    entries.map(async (entry) => {
      const full = path.join(entry.parentPath, entry.name);
      const { atimeMs, mtimeMs, size } = await lstat(full);
      return { full, atimeMs, mtimeMs, size };
    }),
  );
}

/** The most that it ever held, bytes. */
async function readPeakMemory(): Promise<number> {
  const status = await readFile(`/proc/${nightjar.pid}/status`, 'utf8');
  return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) * 1024;
}

async function dropEverything(): Promise<void> {
  fates = new Map(Object.entries(await makeHostileThings(path.join(inbox, 'hostile'), outside)));
  await symlink(outside, path.join(inbox, 'linked-camera'));
  const files = await makeHostileBytes(jpeg);
  for (const [name, [bytes]] of Object.entries(files)) await drop(inbox, `hostile/${name}`, bytes);
  fates = new Map([...fates, ...Object.entries(files).map(([name, [, fate]]) => [name, fate] as const)]);
  await drop(inbox, 'hostile/folder.jpg/inside.jpg', withComment(jpeg, 'inside'));
  for (const folder of FOLDERS) await drop(inbox, `${folder}/a.jpg`, withComment(jpeg, folder));
  const folder = Buffer.concat([Buffer.from(`${inbox}/`), NOT_UTF8]);
  await mkdir(folder);
  await writeFile(Buffer.concat([folder, Buffer.from('/\xff.jpg', 'latin1')]), withComment(jpeg, 'not UTF-8'));
  // A name that begins with a dot is hidden, whatever comes after it.
  await drop(inbox, '..%2f/a.jpg', withComment(jpeg, 'hidden'));
}

beforeAll(async () => {
  const db = await createTestDatabase();
  cleanups.add(db.close);
  dataDir = await createDataDir();
  cleanups.add(dataDir.remove);
  inbox = path.join(dataDir.path, 'inbox');
  outside = await mkdtemp(path.join(tmpdir(), 'nightjar-outside-'));
  cleanups.add(() => rm(outside, { recursive: true, force: true }));
  jpeg = await drawScene(5);
  await makeOutside(outside, jpeg);
  // Older than the time of modification, so that any reading would move it forward.
  for (const { full } of await readOutside()) await utimes(full, new Date('2020-01-01'), new Date('2021-01-01'));
  outsideBefore = await readOutside();

  const detector = await startRtdetr();
  cleanups.add(() => detector.kill());
  const env = { DATABASE_URL: db.url, DETECTORS: `remote:${detector.url}`, SETTLE_MS: `${SETTLE_MS}`, CAMERAS_MAX: `${CAMERAS_MAX}` }; // prettier-ignore
  nightjar = await startProcess(dataDir.path, env);
  cleanups.add(() => nightjar.kill('SIGKILL'));
  await dropEverything();
  const expected = fates.size + FOLDERS.length + 3;
  await eventually(
    async () => (await readFrames()).filter(({ state }) => state === 'done' || state === 'dead').length >= expected,
    { withinMs: STORY_MS_MAX, what: 'the fate of every file' },
  ).catch(async (thrown: unknown) => {
    const told = new Set((await readFrames()).map(({ source_name }) => source_name));
    throw new Error(`no word of ${[...fates.keys()].filter((name) => !told.has(name)).join(', ')}`, { cause: thrown });
  });
}, STORY_MS_MAX + 60_000);
afterAll(cleanups.run);

describe('hostile files', () => {
  it('are examined as the pictures that they are, or dead for a reason', async () => {
    const frames = (await readFrames()).filter(({ camera_id }) => camera_id === 'hostile');
    expect(frames.map(({ source_name }) => source_name).sort()).toEqual(
      [...fates.keys(), 'folder.jpg/inside.jpg'].sort(),
    );
    for (const { source_name, state, error } of frames) {
      const fate = fates.get(source_name) ?? 'done';
      if (fate === 'done') expect({ source_name, state, error }).toEqual({ source_name, state: 'done', error: null });
      else {
        expect({ source_name, state }).toEqual({ source_name, state: 'dead' });
        expect(error?.message).toMatch(fate.reason);
      }
    }
  });

  it('stay in the inbox if they were never opened, and leave it otherwise', async () => {
    const left = await readdir(path.join(inbox, 'hostile'));
    const stays = [...fates].filter(([, fate]) => fate !== 'done' && fate.stays).map(([name]) => name);
    expect(left.sort()).toEqual([...stays, 'folder.jpg'].sort());
    expect(await readdir(path.join(inbox, 'hostile/folder.jpg'))).toEqual([]);
    expect(await readdir(path.join(inbox, '..%2f'))).toEqual(['a.jpg']);
  });

  it('led nobody outside: what is there was not read, changed or removed', async () => {
    const hard = path.join(outside, 'linked-hard.jpg');
    const isHard = ({ full }: { full: string }): boolean => full === hard;
    const after = await readOutside();
    expect(after.filter((entry) => !isHard(entry))).toEqual(
      (outsideBefore as typeof after).filter((entry) => !isHard(entry)),
    );
    // A hard link is the file itself: its content came to us, its other name is as it was.
    expect(sha256(await readFile(hard))).toBe(sha256(withComment(jpeg, 'outside linked-hard.jpg')));
    expect((await lstat(hard)).nlink).toBe(1);
    const linked = (await readFrames()).filter(({ source_name }) => source_name === 'linked-camera');
    expect(linked).toMatchObject([{ camera_id: 'default', state: 'dead' }]);
    expect((await lstat(path.join(inbox, 'linked-camera'))).isSymbolicLink()).toBe(true);
  });

  it('cost no more memory than pictures do', async ({ skip }) => {
    if (process.platform !== 'linux') skip('the memory of a process is read from /proc');
    expect(await readPeakMemory()).toBeLessThan(MEMORY_BYTES_MAX);
  });
});

describe('hostile folders', () => {
  it('are cameras with plain ids and names that can be shown', async () => {
    const cameras = await getAll<CameraWire>(nightjar, '/api/cameras');
    expect(cameras.map(({ id, name, folder }) => [id, name, folder]).sort()).toEqual(
      [
        ['2e_2e_2f', '%2e%2e%2f', '%2e%2e%2f'],
        ['red_31m_line', 'red\\x1b[31m\\x0aline', 'red\u001b[31m\nline'],
        ['gate_gpj', 'gate\\u202egpj', 'gate\u202egpj'],
        ['rf', '-rf', '-rf'],
        ['caf_xe9', 'caf\\xe9', 'caf\\xe9'],
        ['default', 'Default', '.'],
        ['hostile', 'hostile', 'hostile'],
      ].sort(),
    );
    const ofCamera = await getAll<FrameWire>(nightjar, '/api/frames?camera_id=caf_xe9');
    expect(ofCamera).toMatchObject([{ source_name: '\\xff.jpg', state: 'done' }]);
    expect(nightjar.log()).not.toContain('\u001b');
  });

  it('are not taken for cameras without end: their files wait, and the line goes on', async () => {
    for (let number = 0; number < STRANGERS; number += 1)
      await drop(inbox, `stranger ${number}/a.jpg`, withComment(jpeg, `stranger ${number}`));
    await drop(inbox, 'hostile/good.jpg', withComment(jpeg, 'good'));
    await eventually(async () => (await readFrames()).find(({ source_name, state }) => source_name === 'good.jpg' && state === 'done'), { withinMs: STORY_MS_MAX }); // prettier-ignore
    const cameras = await getAll<CameraWire>(nightjar, '/api/cameras');
    expect(cameras).toHaveLength(CAMERAS_MAX);
    const waiting = (await readdir(inbox, { recursive: true })).filter((name) => /^stranger \d+\/a\.jpg$/.test(name));
    expect(waiting).toHaveLength(STRANGERS - 1);
    await eventually(() => /"stranger \d+\\" wait: there are 8 cameras, and CAMERAS_MAX is 8/.test(nightjar.log()), { what: 'the warning' }); // prettier-ignore
    // A person may add what a folder may not.
    const response = await fetch(`${nightjar.url}/api/cameras`, {
      method: 'POST',
      headers: { 'x-api-key': API_KEY, 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'Added', folder: waiting[0]?.split('/')[0] }),
    });
    expect(response.status).toBe(201);
  });
});
