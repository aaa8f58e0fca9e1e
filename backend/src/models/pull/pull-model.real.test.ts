import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { systemClock } from '../../lib/clock.ts';
import { knownModels, pullModel, readModel, type KnownModel, type PullOptions } from '../index.ts';
import { buildRtdetr } from '../test-graphs.ts';
import { answerWith, serveFile, startServer, type Answer, type TestServer } from './test-server.ts';

// An import starts a process.
vi.setConfig({ testTimeout: 60_000 });

const answers = { logits: [[0, 1]], boxes: [[0.5, 0.5, 0.5, 0.5]] };
const bytes = Buffer.from(buildRtdetr(answers, { width: 4, height: 2 }));
const sha256 = createHash('sha256').update(bytes).digest('hex');

let modelsDir: string;
let server: TestServer;
beforeEach(async () => {
  modelsDir = await mkdtemp(join(tmpdir(), 'nightjar-pull-'));
});
afterEach(async () => {
  await server.close();
  await rm(modelsDir, { recursive: true });
});

const toKnown = (more: Partial<KnownModel>): KnownModel => ({
  ...{ name: 'tiny', url: server.url, family: 'rtdetr', labels: 'person,car', bytes: null, sha256: null },
  ...{ licence: 'CC0-1.0', by: 'the tests' },
  ...more,
});

async function pull(answer: Answer, more: Partial<KnownModel> = {}, options: Partial<PullOptions> = {}) {
  server = await startServer(answer);
  return pullModel({ name: 'tiny', modelsDir, clock: systemClock, known: [toKnown(more)], ...options });
}
const listDownloads = (): Promise<string[]> => readdir(join(modelsDir, '.downloads'));

test('a known model is downloaded, checked and imported, and nothing else is left', async () => {
  const { isPinned, downloaded, dir } = await pull(serveFile({ bytes }), { sha256, bytes: bytes.length });
  expect({ isPinned, downloaded }).toEqual({ isPinned: true, downloaded: { bytes: bytes.length, sha256 } });
  const { card } = await readModel(dir);
  expect(card).toMatchObject({ name: 'tiny', licence: 'CC0-1.0', labels: ['person', 'car'] });
  expect(card.source).toBe(`tiny.onnx, sha256 ${sha256}, from ${server.url}; by the tests`);
  expect(await listDownloads()).toEqual([]);
});

test('a hash that nobody had verified is recorded, and said to be such', async () => {
  const { isPinned, card, downloaded } = await pull(serveFile({ bytes }));
  expect({ isPinned, sha256: downloaded.sha256 }).toEqual({ isPinned: false, sha256 });
  expect(card.source).toContain(`sha256 ${sha256}`);
  expect(card.source).toContain('nobody had verified');
});

test.each([
  ['another hash', serveFile({ bytes }), { sha256: '0'.repeat(64) }, 'is expected'],
  ['a page instead of the file', serveFile({ bytes: Buffer.from('<!doctype html>') }), {}, 'not an ONNX model'],
])('%s: nothing is imported, nothing kept', async (_name, answer, more, message) => {
  await expect(pull(answer, more)).rejects.toMatchObject({ kind: 'invalid', message: expect.stringContaining(message) as string }); // prettier-ignore
  expect(await listDownloads()).toEqual([]);
  expect(await readdir(modelsDir)).toEqual(['.downloads']);
});

test('a name that is taken costs no request, unless it is to be replaced', async () => {
  await pull(serveFile({ bytes }));
  await server.close();
  await expect(pull(serveFile({ bytes }))).rejects.toMatchObject({ kind: 'conflict' });
  expect(server.asked).toEqual([]);
  await server.close();
  expect((await pull(serveFile({ bytes }), {}, { force: true })).card.name).toBe('tiny');
});

test('of two at once one is refused, and the other is not disturbed', async () => {
  const first = pull(serveFile({ bytes }), { sha256 });
  await expect.poll(() => listDownloads().catch(() => [])).toContain('tiny.lock');
  const second = pullModel({ name: 'tiny', modelsDir, clock: systemClock, known: [toKnown({ sha256 })] });
  await expect(second).rejects.toMatchObject({ kind: 'conflict', message: expect.stringContaining('tiny.lock') as string }); // prettier-ignore
  expect((await first).downloaded.sha256).toBe(sha256);
  expect(await listDownloads()).toEqual([]);
});

test('a lock that a crash left behind is taken over', async () => {
  await mkdir(join(modelsDir, '.downloads'));
  // Above every limit of the kernel: a process that cannot be.
  await writeFile(join(modelsDir, '.downloads', 'tiny.lock'), '99999999');
  expect((await pull(serveFile({ bytes }))).card.name).toBe('tiny');
});

test('a name that nobody knows is told, with those that are known', async () => {
  const failing = pull(answerWith(404), {}, { name: 'huge' });
  await expect(failing).rejects.toMatchObject({ kind: 'not_found' });
  await expect(failing).rejects.toThrow(/huge.*tiny/);
});

test('the list itself: every name once, every address by https, and no hash by half', async () => {
  server = await startServer(answerWith(404));
  expect(new Set(knownModels.map(({ name }) => name)).size).toBe(knownModels.length);
  for (const { url, sha256: pinned, licence } of knownModels) {
    expect(new URL(url).protocol).toBe('https:');
    expect(licence).toBe('Apache-2.0');
    if (pinned !== null) expect(pinned).toMatch(/^[0-9a-f]{64}$/);
  }
});
