/** Trials in child processes that do what drivers do. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { measure, type MeasureLimits, type MeasureSettings, type Trial } from './measure.ts';

vi.setConfig({ testTimeout: 30_000 });

const settings: MeasureSettings = {
  onnxPath: '/nowhere/model.onnx',
  provider: 'webgpu',
  threads: 1,
  workers: 1,
  input: { name: 'images', width: 8, height: 8 },
  batches: [1, 2],
  buckets: true,
  runMs: 1,
  startMsMax: 10_000,
};
const measured = { batch: 1, sessionMs: 5, firstMs: 4, runs: 3, runMs: 2, pictureMs: 2, memoryMb: 100 };
const tellOne = `process.send({ type: 'measured', measured: ${JSON.stringify(measured)} });`;

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'nightjar-trial-'));
});
afterAll(() => rm(dir, { recursive: true }));

let programs = 0;
/** A trial by another program. It must be gone afterwards, however it ended. */
async function tryProgram(code: string, limits: Partial<MeasureLimits> = {}): Promise<Trial> {
  const file = path.join(dir, `${programs++}.mjs`);
  const note = `(await import('node:fs')).writeFileSync(${JSON.stringify(`${file}.pid`)}, String(process.pid));`;
  await writeFile(file, `${note}\n${code}`);
  const trial = await measure(settings, { limitMs: 20_000, program: pathToFileURL(file), ...limits });
  const pid = Number(await readFile(`${file}.pid`, 'utf8').catch(() => Number.NaN));
  if (!Number.isNaN(pid)) expect(() => process.kill(pid, 0)).toThrow('ESRCH');
  return trial;
}

test('that tells its figures passes, whatever it prints', async () => {
  const code = `console.log('{"type":"failed"}'); console.error('loud'); ${tellOne} process.send({ type: 'done' });`;
  expect(await tryProgram(code)).toEqual({ measured: [measured], fault: null });
});

test('that says why it failed is told as it said, with the last that it printed', async () => {
  const code = `console.error('cannot open libcublas.so'); process.send({ type: 'failed', message: 'no library\\n  at x' });`;
  expect(await tryProgram(code)).toEqual({ measured: [], fault: 'no library at x (cannot open libcublas.so)' });
});

test('that aborts leaves its last words, and what it had told', async () => {
  const code = `${tellOne} console.error('driver: assertion failed\\n\\n'); setTimeout(() => process.abort(), 50);`;
  const { measured: told, fault } = await tryProgram(code);
  expect(told).toEqual([measured]);
  expect(fault).toBe('the trial was ended by SIGABRT (driver: assertion failed)');
});

test('that crashes names the signal', async () => {
  const { fault } = await tryProgram(`console.error('bad address'); process.kill(process.pid, 'SIGSEGV'); await new Promise(() => setTimeout(() => {}, 9e6));`); // prettier-ignore
  expect(fault).toBe('the trial was ended by SIGSEGV (bad address)');
});

test('that hangs, deaf to everything but SIGKILL, is ended at its limit', async () => {
  const code = `process.on('SIGTERM', () => undefined); ${tellOne} for (;;);`;
  const { fault } = await tryProgram(code, { limitMs: 1_000 });
  expect(fault).toBe('no result within 1 s');
});

test('that ends without a word, or tells nonsense, is no success', async () => {
  expect((await tryProgram('process.exit(3);')).fault).toBe('the trial ended with code 3');
  expect((await tryProgram('process.exit(0);')).fault).toBe('the trial ended with code 0');
  expect((await tryProgram(`process.send({ type: 'measured', measured: { batch: 'many' } }); setInterval(() => {}, 9e6);`)).fault).toBe('the trial told nonsense'); // prettier-ignore
});

test('that floods its streams is no burden', async () => {
  const code = `process.stdout.write('x'.repeat(5e6), () => process.stderr.write('the end\\n', () => process.abort()));`;
  expect((await tryProgram(code)).fault).toBe('the trial was ended by SIGABRT (the end)');
});

test('that is cancelled ends at once', async () => {
  const stop = new AbortController();
  const trial = tryProgram(`setInterval(() => {}, 9e6);`, { signal: stop.signal });
  stop.abort();
  expect((await trial).fault).toBe('cancelled');
});

test('nothing of it reaches our own output', async () => {
  const write = vi.spyOn(process.stdout, 'write');
  await tryProgram(`console.log('noise'); process.send({ type: 'done' });`);
  expect(write).not.toHaveBeenCalled();
  write.mockRestore();
});

test('a network that is not there is a reason, not an exception', async () => {
  const { measured: told, fault } = await measure({ ...settings, provider: 'cpu' }, { limitMs: 20_000 });
  expect(told).toEqual([]);
  expect(fault).toMatch(/nowhere/);
});
