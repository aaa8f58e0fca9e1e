/** The monitor with a program of ours in the place of nvidia-smi: a real process each time, and a clock by hand. */
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pino, type Logger } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventually } from '../../tests/harness/eventually.ts';
import { isAlive } from '../../tests/harness/nightjar.ts';
import { createGpuMonitor, type GpuMonitor } from './index.ts';

const LINE = '0, GPU-5f3c, NVIDIA L4, 550.54.15, 12, 3, 1024, 23034, 35, 68.12, 72.00';

let dir: string;
let program: string;
let monitor: GpuMonitor | undefined;
let lines: { level: string; msg: string }[];
let log: Logger;

beforeEach(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'nightjar-gpu-'));
  program = path.join(dir, 'nvidia-smi');
  lines = [];
  const formatters = { level: (level: string) => ({ level }) };
  log = pino({ level: 'debug', formatters }, { write: (line: string) => void lines.push(JSON.parse(line) as (typeof lines)[number]) }); // prettier-ignore
});
afterEach(async () => {
  await monitor?.close();
  await rm(dir, { recursive: true });
});

/** Each run leaves a line in `runs`: its arguments. */
async function install(script: string): Promise<void> {
  await writeFile(program, `#!/bin/sh\necho "$$ $@" >> '${dir}/runs'\n${script}\n`);
  await chmod(program, 0o755);
}
const runs = async (): Promise<string[]> =>
  (await readFile(path.join(dir, 'runs'), 'utf8').catch(() => '')).trim().split('\n').filter((line) => line !== ''); // prettier-ignore

/** Time passes only by `pass`, which ends every sleep. */
function createHandClock() {
  let nowMs = Date.parse('2025-06-01T12:00:00.000Z');
  let sleepers: (() => void)[] = [];
  return {
    nowMs: () => nowMs,
    sleep: (_ms: number, signal?: AbortSignal) =>
      new Promise<void>((resolve) => {
        sleepers.push(resolve);
        signal?.addEventListener('abort', () => resolve());
      }),
    /** Resolves when the loop sleeps again. */
    async pass(ms: number) {
      nowMs += ms;
      const woken = sleepers;
      sleepers = [];
      for (const wake of woken) wake();
      await eventually(() => sleepers.length > 0, { what: 'the end of the round' });
    },
    asleep: () => eventually(() => sleepers.length > 0, { what: 'the end of the first round' }),
  };
}

async function start(answerMsMax = 5_000) {
  const clock = createHandClock();
  const started = createGpuMonitor({ clock, log, program, answerMsMax });
  monitor = started;
  await clock.asleep();
  return { clock, monitor: started };
}

describe('a GPU', () => {
  it('is asked for every figure, and told with its time', async () => {
    await install(`echo "${LINE}"`);
    const { monitor } = await start();
    expect((await runs())[0]).toMatch(
      / --query-gpu=index,uuid,name,driver_version,utilization\.gpu,utilization\.memory,memory\.used,memory\.total,temperature\.gpu,power\.draw,power\.limit --format=csv,noheader,nounits$/,
    );
    const at = new Date('2025-06-01T12:00:00.000Z');
    const figures = { uuid: 'GPU-5f3c', utilizationPercent: 12, memoryUtilizationPercent: 3, memoryUsedMb: 1024, temperatureC: 35, powerW: 68.12 }; // prettier-ignore
    expect(monitor.read()).toEqual({
      gpus: [{ index: 0, name: 'NVIDIA L4', driverVersion: '550.54.15', memoryTotalMb: 23034, powerLimitW: 72, ...figures, sampledAt: at }],
      history: [{ at, gpus: [figures] }],
    }); // prettier-ignore
  });

  it('has a history of an hour, however long it runs', async () => {
    await install(`echo "${LINE}"`);
    const { clock, monitor } = await start();
    for (let sample = 0; sample < 4; sample += 1) await clock.pass(1_200_000);
    expect(monitor.read().history.map(({ at }) => at.toISOString())).toEqual([
      '2025-06-01T12:40:00.000Z',
      '2025-06-01T13:00:00.000Z',
      '2025-06-01T13:20:00.000Z',
    ]);
  });

  it('that is gone has no figures any more, is said to be gone once, and is told of when it is back', async () => {
    await install(`echo "${LINE}"`);
    const { clock, monitor } = await start();
    await install('echo "Unable to determine the device handle for GPU 0000:01:00.0: GPU is lost." >&2; exit 15');
    for (let round = 0; round < 3; round += 1) await clock.pass(5_000);
    expect(monitor.read().gpus).toBeNull();
    expect(monitor.read().history).toHaveLength(1);
    await clock.pass(300_000);
    const warnings = lines.filter(({ level }) => level === 'warn');
    expect(warnings).toHaveLength(1);
    expect(warnings[0]?.msg).toContain('GPU is lost');
    await install(`echo "${LINE}"`);
    await clock.pass(300_000);
    expect(monitor.read().gpus).toHaveLength(1);
    expect(lines.at(-1)).toMatchObject({ level: 'info', msg: 'GPU figures are there again' });
  });
});

describe('trouble is no figures, and one line in the log', () => {
  it.each<[string, string, RegExp]>([
    ['an exit code', 'echo oh dear >&2; exit 9', /ended with 9: oh dear/],
    ['an exit code, though there are figures', `echo "${LINE}"; exit 1`, /ended with 1/],
    ['a crash', 'kill -SEGV $$', /ended with SIGSEGV/],
    ['noise', 'echo No devices were found', /told of no GPU/],
    ['silence', 'exit 0', /told of no GPU/],
    ['too much', 'yes', /said too much/],
  ])('%s', async (_what, script, says) => {
    await install(script);
    const { clock, monitor } = await start();
    await clock.pass(5_000);
    expect(monitor.read()).toEqual({ gpus: null, history: [] });
    expect(lines.map(({ level }) => level)).toEqual(['warn']);
    expect(lines[0]?.msg).toMatch(says);
  });

  it('a program that hangs, and whose child holds its output, is killed in time and does not hold up anything', async () => {
    await install('sleep 600 & echo $! > "$0.child"; wait');
    const { monitor } = await start(200);
    expect(monitor.read().gpus).toBeNull();
    expect(lines[0]?.msg).toMatch(/did not answer within 200 ms/);
    const [pid = 0] = (await runs()).map((line) => Number(line.split(' ')[0]));
    await eventually(() => !isAlive(pid), { what: 'the end of the program' });
    process.kill(Number(await readFile(`${program}.child`, 'utf8')), 'SIGKILL');
  });

  it('a program that hangs is ended by closing, at once and without a word', async () => {
    await install('exec sleep 600');
    const started = createGpuMonitor({ clock: createHandClock(), log, program, answerMsMax: 60_000 });
    const [line = ''] = await eventually(async () => ((await runs()).length > 0 ? runs() : undefined));
    await started.close();
    const pid = Number(line.split(' ')[0]);
    await eventually(() => !isAlive(pid), { what: 'the end of the program' });
    expect(lines).toEqual([]);
  });

  it('a program that is not executable', async () => {
    await writeFile(program, 'nothing');
    const { monitor } = await start();
    expect(monitor.read().gpus).toBeNull();
    expect(lines.map(({ level }) => level)).toEqual(['warn']);
  });
});

describe('where there is no such program', () => {
  it('nothing is said aloud, and it is looked for again after five minutes', async () => {
    const { clock, monitor } = await start();
    expect(monitor.read()).toEqual({ gpus: null, history: [] });
    expect(lines.map(({ level }) => level)).toEqual(['debug']);
    await install(`echo "${LINE}"`);
    for (let round = 0; round < 10; round += 1) await clock.pass(5_000);
    expect(await runs()).toEqual([]);
    await clock.pass(250_000);
    expect(monitor.read().gpus).toHaveLength(1);
  });
});

it('a program that keeps failing is asked less and less often', async () => {
  await install('exit 9');
  const { clock } = await start();
  for (let round = 0; round < 60; round += 1) await clock.pass(5_000);
  // After 10, 20, 40, 80, 160 s: in the first five minutes 5 times, not 61.
  expect(await runs()).toHaveLength(5);
});
