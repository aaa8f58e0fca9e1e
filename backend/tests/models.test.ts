/** `nightjar models ...` as a user types it. */
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { buildRtdetr } from '../src/models/test-graphs.ts';
import { runCli } from './harness/nightjar.ts';
import { camerasDir } from './harness/pictures.ts';

const STORY_MS = 120_000;
const EXIT_USAGE = 2;

let cwd: string;
beforeEach(async () => {
  cwd = await mkdtemp(path.join(tmpdir(), 'nightjar-models-'));
  const answers = { logits: [[-20, 3]], boxes: [[0.5, 0.5, 0.5, 0.5]] };
  await writeFile(path.join(cwd, 'Guest.onnx'), buildRtdetr(answers, { width: 64, height: 64, batch: 1 }));
});
afterEach(() => rm(cwd, { recursive: true }));

const nightjar = (...args: readonly string[]) => runCli(args, { cwd, env: { DATA_DIR: path.join(cwd, 'data') } });
const importGuest = (...more: readonly string[]) =>
  nightjar('models', 'import', 'Guest.onnx', '--family', 'rtdetr', '--labels', 'person,car', ...more);

it('a foreign network is imported, listed and used', { timeout: STORY_MS }, async () => {
  const imported = await importGuest('--licence', 'CC0-1.0');
  expect(imported.stderr).toBe('');
  expect(imported.code).toBe(0);
  expect(imported.stdout).toMatch(/guest: rtdetr, 64 x 64 \(stretch\), 2 labels, opset 17/);
  expect(imported.stdout).toMatch(/pixel_values float32 \[1, 3, 64, 64\]\n +now images uint8 \[N, 64, 64, 3\], by Cast, Transpose, Mul/); // prettier-ignore
  expect(imported.stdout).toContain('MODEL=guest');

  const listed = await nightjar('models', 'list');
  expect(listed.stdout).toMatch(/centernet-mbv3 .*ready/);
  expect(listed.stdout).toMatch(/guest +│ rtdetr +│ 64x64 +│ 2 +│ free +│ CC0-1.0 +│ ready/);

  const found = await nightjar('detect', '--model', 'guest', '--labels', 'all', '--json', path.join(camerasDir, 'Living Room')); // prettier-ignore
  expect(found.code).toBe(0);
  const lines = found.stdout.trim().split('\n').map((line) => JSON.parse(line) as Record<string, unknown>); // prettier-ignore
  expect(lines.length).toBeGreaterThan(0);
  for (const { model, detections } of lines) {
    expect(model).toBe('guest');
    expect(detections).toMatchObject([{ label: 'car' }]);
  }
});

it('faults are told in a line, with the exit code for wrong usage', { timeout: STORY_MS }, async () => {
  expect((await importGuest()).code).toBe(0);
  const again = await importGuest();
  expect(again).toMatchObject({ code: 1, stderr: expect.stringMatching(/^nightjar: .*--force to replace it\n$/) as string }); // prettier-ignore
  await writeFile(path.join(cwd, 'Guest.onnx'), 'junk');
  const junk = await importGuest('--force');
  expect(junk).toMatchObject({ code: EXIT_USAGE, stderr: expect.stringMatching(/^nightjar: not an ONNX model.*\n$/) as string }); // prettier-ignore
  expect((await nightjar('models', 'import', 'Guest.onnx')).code).toBe(EXIT_USAGE);
  expect((await importGuest('--pad', '256')).code).toBe(EXIT_USAGE);
  expect(await readdir(path.join(cwd, 'data', 'models'))).toEqual(['guest']);
});

it('models pull names what can be had, and what cannot', async () => {
  const listed = await nightjar('models', 'pull');
  expect(listed.code).toBe(0);
  expect(listed.stdout).toMatch(/yolox-nano +│ yolox .*Apache-2.0/);
  expect(listed.stdout).toMatch(/dfine-s +│ rtdetr .*Apache-2.0/);
  const unknown = await nightjar('models', 'pull', 'no-such-model');
  expect(unknown).toMatchObject({ code: 1, stderr: expect.stringContaining('none of the known models') as string });
});
