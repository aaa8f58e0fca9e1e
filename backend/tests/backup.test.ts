/** Backup beside a running Nightjar, restore into an empty house, as a person does it on the command line. */
import { mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createCleanups } from './harness/cleanups.ts';
import {
  API_KEY,
  createDataDir,
  drop,
  getAll,
  runCli,
  startProcess,
  untilDone,
  type NightjarProcess,
} from './harness/nightjar.ts';
import { readStreet, withComment } from './harness/pictures.ts';

const FRAMES = 12;
const cleanups = createCleanups();
let house: string;
let other: string;
let nightjar: NightjarProcess;
let file: string;

interface FrameWire {
  readonly id: string;
  readonly sha256: string;
}

async function open(dataDir: string): Promise<NightjarProcess> {
  const started = await startProcess(dataDir);
  cleanups.add(() => started.kill('SIGKILL'));
  return started;
}

const readImage = async ({ url }: NightjarProcess, { id }: FrameWire): Promise<number> => {
  const answer = await fetch(`${url}/api/frames/${id}/image`, { headers: { 'x-api-key': API_KEY } });
  return (await answer.arrayBuffer()).byteLength;
};

beforeAll(async () => {
  const dirs = [await createDataDir(), await createDataDir()];
  for (const { remove } of dirs) cleanups.add(remove);
  [house = '', other = ''] = dirs.map((dir) => dir.path);
  file = path.join(other, 'backup.tar');
  await writeFile(path.join(house, '.env'), `ADMIN_API_KEY=${API_KEY}\n`, { mode: 0o600 });
  nightjar = await open(house);
  for (let index = 0; index < FRAMES; index++)
    await drop(path.join(house, 'inbox'), `gate/${index}.jpg`, withComment(await readStreet(), `backup ${index}`));
  await untilDone(nightjar, FRAMES);
});
afterAll(cleanups.run);

const cli = (dataDir: string, ...args: string[]) => runCli(args, { cwd: dataDir, env: { DATA_DIR: dataDir } });

let framesBefore: readonly FrameWire[];

it('backs up a house that is running', async () => {
  framesBefore = await getAll<FrameWire>(nightjar, '/api/frames');
  const made = await cli(house, 'backup', file);
  expect(made).toMatchObject({ code: 0, stdout: expect.stringMatching(/frames +│ 12 /) as unknown });
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect(await cli(house, 'backup', file)).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/is there already/) as unknown,
  });
});

it('is not restored into a house that is in use', async () => {
  const refused = await cli(house, 'restore', file);
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringMatching(/another Nightjar is running/) as unknown });
});

it('gives everything back to an empty house', async () => {
  await nightjar.kill('SIGTERM');
  await rm(path.join(house, 'media'), { recursive: true });
  const data = path.join(other, 'data');
  await mkdir(data);
  const restored = await runCli(['restore', file], { cwd: other, env: { DATA_DIR: data } });
  expect(restored).toMatchObject({ code: 0, stdout: expect.stringMatching(/restored/) as unknown });
  expect(await readdir(other)).toContain('.env');
  const again = await startProcess(data, { DATA_DIR: data });
  cleanups.add(() => again.kill('SIGKILL'));
  expect(await getAll<FrameWire>(again, '/api/frames')).toEqual(framesBefore);
  for (const frame of framesBefore) expect(await readImage(again, frame)).toBeGreaterThan(1_000);
  expect(await runCli(['check'], { cwd: other, env: { DATA_DIR: data } })).toMatchObject({ code: 0 });
  await again.kill('SIGTERM');
});

it('is not restored twice', async () => {
  const env = { DATA_DIR: path.join(other, 'data') };
  const refused = await runCli(['restore', file], { cwd: other, env });
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringMatching(/not empty/) as unknown });
});
