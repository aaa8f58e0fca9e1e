/**
 * Question: what becomes of 500 1080p frames that are dropped at once? Limits: every frame is done exactly once (one row,
 * one attempt, told once, sequence numbers without gap); at least 0.7 of the frames a second that the bare detector does (taking the files in is part of it, on the same cores);
 * memory flat: after the first 100 frames never more than a quarter above where it was then.
 *
 * The bare detector, which warms up first, runs before and after, so that a machine that slows down shows. Argument: how
 * many frames (500).
 */
import path from 'node:path';
import { readAccount, isComplete, type Account } from './account.ts';
import { measureBareThroughput } from './bare-throughput.ts';
import { openDashboard } from './dashboard.ts';
import { withNightjar } from './house.ts';
import { readCameraPicture, toPictures, uploadAll, type Picture } from './pictures.ts';
import { hold, say, sayTable, SPREAD_HEAD, toFixed, toRow, toSpread, type Limit } from './report.ts';
import { watchProcess, type MemorySample, type Watched } from './watch-process.ts';

const FRAMES = 500;
const CAMERAS = 5;
const BARE_FRAMES_MAX = 100;
const RATIO_MIN = 0.7;
/** When this many frames are done, everything that is made once and kept is there. */
const SETTLED_FRAMES = 100;
const GROWTH_MAX = 1.25;

export interface Burst {
  readonly account: Account;
  /** From the drop to the message, milliseconds, in the order of the messages. */
  readonly toldMs: readonly number[];
  readonly watched: Watched;
  readonly barePerSecond: readonly [before: number, after: number];
}

/** Throws when a limit is missed. */
export async function run([frames = `${FRAMES}`]: readonly string[]): Promise<void> {
  const { account, toldMs, watched, barePerSecond } = await measureBurst({ frames: Number(frames) });
  const perSecond = toldMs.length / (Math.max(...toldMs) / 1_000);
  const ratio = (2 * perSecond) / (barePerSecond[0] + barePerSecond[1]);
  const memory = toMemory(watched.memory, toldMs);
  sayTable(SPREAD_HEAD, [toRow('drop to detection.created', toldMs.length, toSpread(toldMs))]);
  sayTable(['frames/s', ''], [['bare, before', toFixed(barePerSecond[0])], ['burst', toFixed(perSecond)], ['bare, after', toFixed(barePerSecond[1])], ['ratio', toFixed(ratio, 2)]]); // prettier-ignore
  if (memory) sayTable(['RSS', 'MiB'], Object.entries(memory).map(([when, mib]) => [when, toFixed(mib, 0)])); // prettier-ignore
  say(`queue: at most ${watched.pendingMax} pending, ${watched.leasedMax} leased`);
  say(`${account.rows} rows, ${account.doneOnce} done once, ${account.told} messages of ${account.toldDistinct} frames, checksum ${account.checksum}`); // prettier-ignore
  const limits: Limit[] = [
    [`all ${frames} frames done exactly once`, isComplete(account, Number(frames))],
    [`throughput at least ${RATIO_MIN} of the bare detector`, ratio >= RATIO_MIN],
  ];
  if (memory) limits.push([`memory at most ${GROWTH_MAX} of what it was after ${SETTLED_FRAMES} frames`, memory.highest <= memory.settled * GROWTH_MAX]); // prettier-ignore
  hold(limits);
}

/** Resolves when all frames are told; throws when one is not. */
export async function measureBurst({ frames }: { frames: number }): Promise<Burst> {
  const pictures = toPictures(await readCameraPicture(), frames, CAMERAS);
  const bare = (): Promise<number> => measureBareThroughput(pictures.slice(0, BARE_FRAMES_MAX));
  const before = await bare();
  const burst = await dropAll(pictures);
  return { ...burst, barePerSecond: [before, await bare()] };
}

const dropAll = (pictures: readonly Picture[]): Promise<Omit<Burst, 'barePerSecond'>> =>
  withNightjar(async ({ nightjar, inbox }) => {
    const dashboard = await openDashboard(nightjar);
    const finish = await uploadAll(inbox, pictures);
    const startedMs = performance.now();
    const told = Promise.all(pictures.map(({ name }) => dashboard.heard(path.basename(name))));
    const watching = watchProcess(nightjar, told);
    await finish();
    const toldMs = (await told).map((atMs) => atMs - startedMs).sort((a, b) => a - b);
    const watched = await watching;
    const account = await readAccount(nightjar, pictures, dashboard.messages);
    dashboard.close();
    return { account, toldMs, watched };
  });

/** MiB; undefined where it cannot be seen, or too few frames came to tell. */
function toMemory(samples: readonly MemorySample[], toldMs: readonly number[]) {
  const settledMs = toldMs[SETTLED_FRAMES - 1];
  const later = samples.filter(({ atMs }) => settledMs !== undefined && atMs >= settledMs).map(({ rssMiB }) => rssMiB);
  const [start, settled, end] = [samples[0]?.rssMiB, later[0], later.at(-1)];
  if (start === undefined || settled === undefined || end === undefined) return undefined;
  return { start, settled, highest: Math.max(...later), end };
}
