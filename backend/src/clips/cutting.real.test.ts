import { readdirSync, readFileSync } from 'node:fs';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../../tests/harness/eventually.ts';
import { systemClock } from '../lib/clock.ts';
import { NightjarError } from '../lib/errors.ts';
import { findTools, type Paths } from './ffmpeg/tools.ts';
import { FILM_HEIGHT, FILM_WIDTH, H264, makeFilm } from './test-films.ts';
import { createTestLedger, cutFilm, startWorker, testLimits, type TestLedger } from './test-ledger.ts';

let folder = '';
let film = '';
beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'nightjar-clips-'));
  film = await makeFilm(at('film.mp4'), { seconds: 10, args: H264 });
});
afterAll(async () => rm(folder, { recursive: true, force: true }));

const at = (name: string): string => path.join(folder, name);
const EACH_2_S = [0, 50, 100, 150, 200].map((number, place) => [place * 2_000, number]);
const newLedger = (): TestLedger => createTestLedger(film, { mediaType: 'video/mp4' });

/** The processes that were given this text as an argument. */
const processesWith = (text: string): readonly string[] =>
  readdirSync('/proc').filter((pid) => {
    try {
      return (
        /^\d+$/.test(pid) && pid !== String(process.pid) && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(text)
      );
    } catch {
      return false; // it ended in this moment
    }
  });

/** A program in the place of ffmpeg: says it is ffmpeg, and does `work` when it is to cut. */
async function makeProgram(name: string, work: string): Promise<string> {
  const file = at(name);
  const says = 'case "$*" in *-version*|*-muxers*) exec ffmpeg "$@";; esac';
  await writeFile(file, `#!/bin/sh\n${says}\n${work}\n`);
  await chmod(file, 0o755);
  return file;
}

const findAt = (paths: Paths) => (signal: AbortSignal) => findTools({ paths, clock: systemClock, signal });

const patience = { silenceMs: 400, cutMs: 1_500 };

describe('a clip in hand', () => {
  it('is handed back when we close, its ffmpeg ended, and gone on with later: each frame once', async () => {
    const ledger = newLedger();
    const never = new Promise<boolean>(() => undefined);
    const worker = startWorker(ledger, {
      recordClipFrames: async (clip, frames) =>
        ledger.row.frames.length < 2 ? ledger.functions.recordClipFrames(clip, frames) : Promise.race([never, stop]),
    });
    let resume = (): void => undefined;
    const stop = new Promise<boolean>(
      (_resolve, reject) => (resume = () => reject(new NightjarError('unavailable', 'closing'))),
    );
    stop.catch(() => undefined); // also when no third frame has come yet
    await eventually(() => ledger.row.frames.length === 2);
    const closed = worker.close();
    resume();
    await closed;
    expect(ledger.row).toMatchObject({ state: 'pending', released: 1, failures: [] });
    expect(processesWith(film)).toEqual([]);

    const next = startWorker(ledger);
    await eventually(() => ledger.row.state === 'done').finally(next.close);
    expect(await ledger.numbers()).toEqual(EACH_2_S);
  });

  it('is dropped when its lease was lost, and its ffmpeg ended', async () => {
    const ledger = newLedger();
    const worker = startWorker(ledger, {
      recordClipFrames: async (clip, frames) => {
        await ledger.functions.recordClipFrames(clip, frames);
        return false;
      },
    });
    await eventually(() => ledger.row.frames.length === 1);
    await worker.close();
    expect(ledger.row).toMatchObject({ state: 'leased', released: 0, failures: [] });
    expect(ledger.row.frames).toHaveLength(1);
    expect(processesWith(film)).toEqual([]);
  });

  it('waits for a media store that is away, its attempts uncounted', async () => {
    const ledger = newLedger();
    let away = true;
    const worker = startWorker(ledger, {
      storeWithinMs: 0,
      storeFrame: (media) =>
        away ? Promise.reject(new NightjarError('unavailable', 'disk full')) : ledger.functions.storeFrame(media),
    });
    try {
      await eventually(() => ledger.row.released > 1);
      away = false;
      await eventually(() => ledger.row.state === 'done');
    } finally {
      await worker.close();
    }
    expect(ledger.row.failures).toEqual([]);
    expect(await ledger.numbers()).toEqual(EACH_2_S);
  });

  it('is failed when its bytes are gone', async () => {
    const withFile = () => Promise.reject(new NightjarError('not_found', 'no such media'));
    expect((await cutFilm(film, 'video/mp4', { withFile })).row.failures).toMatchObject([{ kind: 'not_found' }]);
  });

  it('keeps the plan it has, whatever the settings are by now', async () => {
    const ledger = newLedger();
    ledger.row.plan = { durationMs: 9_960, framesPlanned: 3, width: FILM_WIDTH, height: FILM_HEIGHT, capturedAt: new Date(0), capturedFrom: 'metadata' }; // prettier-ignore
    const worker = startWorker(ledger, { limits: { ...testLimits, intervalMs: 1_000 } });
    await eventually(() => ledger.row.state === 'done').finally(worker.close);
    expect((await ledger.numbers()).map(([, number]) => number)).toEqual([0, 125, 249]);
    expect(ledger.row.plan.capturedAt).toEqual(new Date(0));
  });
});

describe('an ffmpeg', () => {
  it('that is not there: no clip is claimed', async () => {
    const ledger = newLedger();
    const worker = startWorker(ledger, { find: findAt({ ffmpeg: at('nothing'), ffprobe: 'ffprobe' }) });
    await eventually(() => worker.health().state === 'unavailable');
    await worker.close();
    expect(worker.health().reason).toContain('apt install ffmpeg');
    expect(ledger.row.state).toBe('pending');
  });

  it.each([
    ['hangs', 'sleep 6417 & wait', /too long/],
    ['prints garbage', 'exec head -c 300000 /dev/urandom', /no picture/],
    [
      'writes one picture without end',
      'printf "\\0\\nSMJPEG\\0\\0\\0\\0\\0\\0\\0\\0HENDvidD\\0\\0\\0\\0\\377\\377\\377\\377"; exec cat /dev/zero',
      /more than .* bytes/,
    ],
    [
      'writes without end, slowly',
      'printf "\\0\\nSMJPEG\\0\\0\\0\\0\\0\\0\\0\\0HENDvidD\\0\\0\\0\\0\\0\\377\\377\\377"; while :; do echo; sleep 0.1; done',
      /too long/,
    ],
    ['crashes', 'kill -SEGV $$', /SIGSEGV/],
    ['complains without end', 'exec yes "no, no, no" >&2', /too long/],
  ])('that %s: the clip is buried after its attempts, and the line goes on', async (name, work, message) => {
    const ffmpeg = await makeProgram(`ffmpeg ${name}`, work);
    const ledger = newLedger();
    const worker = startWorker(ledger, { find: findAt({ ffmpeg, ffprobe: 'ffprobe' }), patience });
    try {
      await eventually(() => ledger.row.state === 'dead', { withinMs: 30_000 });
      expect(ledger.row.failures.at(-1)).toMatchObject({
        kind: 'invalid',
        message: expect.stringMatching(message) as string,
      });
      expect([...processesWith(ffmpeg), ...processesWith('sleep\x006417')]).toEqual([]);
    } finally {
      await worker.close();
    }
  });

  it('whose ffprobe prints garbage', async () => {
    const ffprobe = await makeProgram('ffprobe garbage', 'echo "<html>"');
    const { row } = await cutFilm(film, 'video/mp4', { find: findAt({ ffmpeg: 'ffmpeg', ffprobe }) });
    expect(row.failures).toMatchObject([{ kind: 'unavailable' }, { kind: 'invalid' }]);
  });
});
