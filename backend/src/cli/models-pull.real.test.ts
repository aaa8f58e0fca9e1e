import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { answerWith, serveFile, startServer, type TestServer } from '../models/pull/test-server.ts';
import { buildRtdetr } from '../models/test-graphs.ts';
import { runPull } from './models-pull.ts';

// Large enough to come in several pieces: a hundred thousand queries.
const answers = { logits: Array.from({ length: 1e5 }, () => [0, 1]), boxes: Array.from({ length: 1e5 }, () => [0.5, 0.5, 0.5, 0.5]) }; // prettier-ignore
const bytes = Buffer.from(buildRtdetr(answers, { width: 4, height: 2 }));
const sha256 = createHash('sha256').update(bytes).digest('hex');

let modelsDir: string;
let server: TestServer;
let lines: string[];
beforeEach(async () => {
  modelsDir = await mkdtemp(join(tmpdir(), 'nightjar-pull-'));
  server = await startServer(answerWith(503), serveFile({ bytes }));
  lines = [];
});
afterEach(async () => {
  await server.close();
  await rm(modelsDir, { recursive: true });
});

async function pull(pinned: string | null): Promise<string> {
  const known = { name: 'tiny', url: server.url, family: 'rtdetr', labels: 'a,b', bytes: bytes.length } as const;
  const list = [{ ...known, sha256: pinned, licence: 'CC0-1.0', by: 'the tests' }];
  const write = (line: string): void => void lines.push(line);
  await runPull({ name: 'tiny', force: false, modelsDir, known: list, write, terminal: false });
  return lines.join('\n');
}

test('where there is no terminal, lines tell how it goes, what came, and how to use it', async () => {
  const told = await pull(sha256);
  expect(lines[0]).toContain('answers with HTTP 503; trying again in 2 s');
  const steps = lines.filter((line) => / MiB of \d/.test(line));
  expect(steps.length).toBeGreaterThan(1);
  expect(steps.length).toBeLessThanOrEqual(10);
  expect(told).toMatch(/downloaded 2\.\d MiB/);
  expect(told).toContain('licence  CC0-1.0');
  expect(told).toContain('MODEL=tiny');
  expect(told).toContain(`${sha256}, as it should be`);
});

test('a hash that nobody had verified is told to be just that', async () => {
  expect(await pull(null)).toContain(`${sha256} (nobody had verified it before: it was recorded, not checked)`);
});
