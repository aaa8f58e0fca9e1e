/** The commands as a user types them. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { createTestDatabase } from './harness/database.ts';
import { findMissing, readExpected, type ExpectedPicture } from './harness/fixtures.ts';
import { cliPath, runCli } from './harness/nightjar.ts';
import { camerasDir } from './harness/pictures.ts';
import { startLlmStandin } from './standins/llm-server.ts';
import { startRtdetr } from './standins/rtdetr-server.ts';

const DEMO_MS = 120_000;
const SECRET = 'a-secret-that-nobody-may-read';

/** As the contract has it: what was found in a file, or why it could not be looked at. */
type DetectLine = Partial<ExpectedPicture> & { readonly model?: string; readonly error?: { readonly kind: string } };

let cwd: string;
beforeEach(async () => {
  cwd = await mkdtemp(path.join(tmpdir(), 'nightjar-cli-'));
});
afterEach(() => rm(cwd, { recursive: true }));

it('demo --once plays every picture, tells of each, and sums up', { timeout: DEMO_MS }, async () => {
  const total = (await readExpected()).pictures.length;
  const { code, stdout, stderr } = await runCli(['demo', '--once'], { cwd, env: { TMPDIR: cwd } });
  expect(stderr).toBe('');
  expect(code).toBe(0);
  expect(stdout.match(/^frame .*(person|cat|motorcycle)/gm)).toHaveLength(total);
  for (const camera of ['front_door', 'garage', 'living_room', 'plaza'])
    expect(stdout).toMatch(new RegExp(`│ ${camera} +│`));
  expect(stdout).toMatch(/^event +opened /m);
  expect(stdout).toMatch(/^event +analyzed/m);
  expect(stdout).toContain(`${total} of ${total} frames done, 0 dead letters`);
  expect(stdout).toContain('0 still open');
  // Its data folder is removed, and no library of ours keeps a diary there.
  expect(await readdir(cwd)).toEqual([]);
});

describe('doctor', () => {
  it('finds nothing amiss where all is well', async () => {
    const db = await createTestDatabase();
    try {
      const env = { DATABASE_URL: db.url, REDIS_URL: inject('redisUrl') };
      const { code, stdout } = await runCli(['doctor'], { cwd, env });
      expect(stdout).not.toContain('!!');
      expect(stdout).toMatch(/PostgreSQL 1\d/);
      expect(stdout).toMatch(/│ ok │ media store +│ .*made at the first start/);
      expect(code).toBe(0);
    } finally {
      await db.close();
    }
  });

  it('names what cannot be reached, and not the passwords', async () => {
    const env = {
      DATABASE_URL: `postgres://nightjar:${SECRET}@127.0.0.1:1/nightjar`,
      REDIS_URL: `redis://:${SECRET}@127.0.0.1:1`,
      MODEL: 'no-such-model',
    };
    await mkdir(path.join(cwd, 'data'));
    await writeFile(path.join(cwd, 'data/media'), 'no folder');
    const { code, stdout, stderr } = await runCli(['doctor'], { cwd, env });
    expect(code).toBe(1);
    for (const part of ['media store', 'database', 'redis', 'model'])
      expect(stdout).toMatch(new RegExp(`│ !! │ ${part} `));
    expect(stdout + stderr).not.toContain(SECRET);
  });

  it('has a row for each server that it is told to call', async () => {
    const [detector, llm] = await Promise.all([startRtdetr(), startLlmStandin({ apiKey: SECRET })]);
    try {
      const servers = { DETECTORS: `remote:${detector.url},remote:http://127.0.0.1:1`, LLM_URL: llm.url };
      const env = { ...servers, ANALYZER: 'llm', LLM_API_KEY: SECRET };
      const { code, stdout } = await runCli(['doctor'], { cwd, env });
      expect(code).toBe(1); // for the one that is not there
      expect(stdout).toMatch(new RegExp(`│ ok │ remote +│ ${detector.url}: `));
      expect(stdout).toMatch(/│ !! │ remote +│ http:\/\/127\.0\.0\.1:1: /);
      expect(stdout).toMatch(new RegExp(`│ ok │ LLM +│ ${new URL(llm.url).host} answers`));
      const refused = await runCli(['doctor'], { cwd, env: { ...env, DETECTORS: 'onnx', LLM_API_KEY: 'another-key-of-ours' } }); // prettier-ignore
      expect(refused.stdout).toMatch(/│ !! │ LLM +│ .* refuses LLM_API_KEY/);
    } finally {
      await Promise.all([detector.kill(), llm.close()]);
    }
  });

  it('lists every fault of the configuration', async () => {
    const env = {
      PORT: 'http',
      EVENT_IDLE_S: 'soon',
      ADMIN_API_KEY: 'short-secret',
      DATABASE_URL: `mysql://u:${SECRET}@h/d`,
    };
    const { code, stdout, stderr } = await runCli(['doctor'], { cwd, env });
    expect([1, 2]).toContain(code);
    for (const name of Object.keys(env)) expect(stdout).toContain(name);
    expect(stdout + stderr).not.toContain(SECRET);
    expect(stdout + stderr).not.toContain('short-secret');
  });
});

it('refuses to serve with a wrong configuration, with every fault and no secret', async () => {
  const env = { PORT: '70000', REDIS_URL: `http://:${SECRET}@h`, ADMIN_API_KEY: '' };
  const { code, stdout, stderr } = await runCli(['serve'], { cwd, env });
  expect(code).toBe(2);
  for (const name of Object.keys(env)) expect(stderr).toContain(name);
  expect(stdout + stderr).not.toContain(SECRET);
});

it.each([['frobnicate'], ['serve', '--frobnicate'], ['detect'], ['detect', '--score-min', 'high', 'x.jpg']])(
  'calls %s %s bad usage',
  async (...args) => {
    const { code, stdout, stderr } = await runCli(args, { cwd });
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/^error: /);
  },
);

describe('detect', () => {
  it('--json writes a line for each file, in order, and tells of those that fail', async () => {
    const expected = await readExpected();
    const [cat, motorcycle] = ['Living Room', 'garage'].map((folder) =>
      expected.pictures.find(({ path: name }) => name.startsWith(`${folder}/`)),
    );
    const paths = [`${camerasDir}/${cat?.path ?? ''}`, `${cwd}/missing.jpg`, `${camerasDir}/${motorcycle?.path ?? ''}`];
    const { code, stdout } = await runCli(['detect', '--json', ...paths], { cwd });
    const lines = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as DetectLine);
    expect(lines.map(({ path: name }) => name)).toEqual(paths);
    expect(lines[0]).toMatchObject({ width: 451, height: 300, model: expected.model });
    expect(findMissing(cat?.detections ?? [], lines[0]?.detections ?? [], expected)).toEqual([]);
    expect(lines[1]?.error?.kind).toBe('not_found');
    expect(lines[1]?.detections).toBeUndefined();
    expect(findMissing(motorcycle?.detections ?? [], lines[2]?.detections ?? [], expected)).toEqual([]);
    expect(code).toBe(1);
  });

  it('needs no configuration of the server, and exits 0 when all went well', async () => {
    const { code, stdout } = await runCli(['detect', '--labels', 'cat', `${camerasDir}/Living Room`], { cwd });
    expect(stdout).toMatch(/│ cat +│/);
    expect(code).toBe(0);
  });
});

it('goes on, and ends well, when nobody reads what it says any more', async () => {
  const child = spawn(process.execPath, [cliPath, 'models', 'pull'], { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.destroy();
  const [stderr, exit] = await Promise.all([text(child.stderr), once(child, 'exit')]);
  expect([stderr, exit]).toEqual(['', [0, null]]);
});

it('models list names the bundled model and its licence', async () => {
  const { code, stdout } = await runCli(['models', 'list'], { cwd });
  expect(code).toBe(0);
  expect(stdout).toMatch(/centernet-mbv3 .*512x512 .*ready/);
});

it('migrate brings an embedded database up to date, and stops it again', async () => {
  const { code, stdout } = await runCli(['migrate'], { cwd, env: { DATA_DIR: cwd } });
  expect(stdout).toContain('up to date');
  expect(code).toBe(0);
  expect(await readdir(path.join(cwd, 'postgres'))).not.toContain('postmaster.pid');
});
