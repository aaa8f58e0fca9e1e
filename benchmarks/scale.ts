/**
 * Question: does detection grow with its processes? Frames a second with 1, 2 and 4 processes `ROLES=detect` on one
 * PostgreSQL, against a stand-in detector that takes 200 ms for each request and any number at once (a process has two in
 * flight). Limits: at least 0.9 of linear, unless the cores of the machine are the limit (less than a tenth of them
 * idle); every frame once. With 25 ms it is measured again, without a limit, to show where the cores end it.
 *
 * Frames are rows of one small picture (see backlog-house.ts): measured are the claims, the requests and the commits, not
 * decoding. Arguments: seconds for each measurement (10), milliseconds of each request (200 and 25).
 */
import os from 'node:os';
import { readAccount } from '../backend/tests/harness/account.ts';
import { eventually } from '../backend/tests/harness/eventually.ts';
import { readBusySeconds, readCpuSeconds, withBacklog, type BacklogHouse } from './backlog-house.ts';
import { hold, say, sayTable, toFixed, type Limit } from './report.ts';

const PROCESSES = [1, 2, 4];
const SECONDS = 10;
const SERVICE_MS = 200;
const SERVICE_SHORT_MS = 25;
const LINEAR_MIN = 0.9;
const IDLE_SHARE_MIN = 0.1;
const IN_FLIGHT = 2;
const CAMERAS = 8;
const STARTED_MS_MAX = 120_000;

export interface Scale {
  readonly processes: number;
  readonly perSecond: number;
  /** Cores used on average. */
  readonly cores: {
    readonly nightjar: number;
    readonly postgres: number;
    readonly detector: number;
    readonly all: number;
  };
  /** Frames examined in all, and what went wrong with them. */
  readonly done: number;
  readonly faults: number;
}

/** Throws when a limit is missed. */
export async function run([seconds = `${SECONDS}`, serviceMs]: readonly string[]): Promise<void> {
  const judged = await measureAll(Number(seconds), Number(serviceMs ?? SERVICE_MS));
  if (serviceMs === undefined) await measureAll(Number(seconds), SERVICE_SHORT_MS);
  const [one] = judged;
  const limits = judged.map((scale): Limit => {
    const ratio = toRatio(scale, one);
    const isFull = toIdleShare(scale) < IDLE_SHARE_MIN;
    return [`${scale.processes}: ${toFixed(ratio, 2)} of linear${isFull ? ', the cores are the limit' : ''}`, ratio >= LINEAR_MIN || isFull]; // prettier-ignore
  });
  hold([...limits, ['every frame once', judged.every(({ faults }) => faults === 0)]]);
}

async function measureAll(seconds: number, serviceMs: number): Promise<readonly Scale[]> {
  const scales: Scale[] = [];
  for (const processes of PROCESSES) scales.push(await measureScale({ processes, seconds, serviceMs }));
  const rows = scales.map((scale) => [
    `${scale.processes}`,
    toFixed(scale.perSecond),
    toFixed(toRatio(scale, scales[0]), 2),
    ...[scale.cores.nightjar, scale.cores.postgres, scale.cores.detector, scale.cores.all].map((value) =>
      toFixed(value, 2),
    ),
    `${scale.done}`,
    `${scale.faults}`,
  ]);
  say(`${serviceMs} ms a request, two in flight for each process; cores used of ${os.availableParallelism()}`);
  sayTable(['processes', 'frames/s', 'of linear', 'nightjar', 'postgres', 'detector', 'all', 'done', 'faults'], rows);
  return scales;
}

const toRatio = ({ processes, perSecond }: Scale, one: Scale | undefined): number =>
  perSecond / processes / ((one?.perSecond ?? 0) / (one?.processes ?? 1));

const toIdleShare = ({ cores }: Scale): number => 1 - cores.all / os.availableParallelism();

interface Measured {
  readonly processes: number;
  readonly seconds: number;
  readonly serviceMs: number;
}

export function measureScale({ processes, seconds, serviceMs }: Measured): Promise<Scale> {
  // What the stand-in lets through, and as much again for the time until all have started.
  const perSecondMax = (processes * IN_FLIGHT * 1_000) / serviceMs;
  const frames = Math.ceil(perSecondMax * (seconds + 20));
  return withBacklog({ frames, cameras: CAMERAS, serviceMs }, async (house) => {
    const started = await Promise.all(
      Array.from({ length: processes }, () => house.start({ ROLES: 'detect', LEASE_SECONDS: '10' })),
    );
    const before = await countDone(house);
    await eventually(async () => (await countDone(house)) >= before + processes * IN_FLIGHT * 2, {
      withinMs: STARTED_MS_MAX,
      what: 'all at work',
    });
    const cores = await watchCores(house, started.map(({ pid }) => pid), seconds); // prettier-ignore
    await Promise.all(started.map((one) => one.kill('SIGTERM')));
    const account = await house.postgres.withSql(readAccount);
    const { duplicates, doubled, untold, eventFaults } = account;
    const done = account.states['done'] ?? 0;
    const faults = duplicates + doubled + untold + eventFaults + (account.states['dead'] ?? 0);
    return { processes, ...cores, done, faults };
  });
}

const countDone = ({ postgres }: BacklogHouse): Promise<number> =>
  postgres.withSql(async (sql) => {
    const [row] = await sql<{ count: number }[]>`select count(*) from frames where state = 'done'`;
    return row?.count ?? 0;
  });

/** Frames a second, and the cores used meanwhile. */
async function watchCores(house: BacklogHouse, nightjars: readonly number[], seconds: number) {
  const look = async () => ({
    atMs: performance.now(),
    done: await countDone(house),
    nightjar: await readCpuSeconds(nightjars),
    postgres: await readCpuSeconds(await house.postgres.pids()),
    detector: await readCpuSeconds([house.detectorPid]),
    all: await readBusySeconds(),
  });
  const first = await look();
  await new Promise((resolve) => setTimeout(resolve, seconds * 1_000));
  const last = await look();
  const passedS = (last.atMs - first.atMs) / 1_000;
  const per = (name: Exclude<keyof typeof first, 'atMs'>): number => (last[name] - first[name]) / passedS;
  const cores = { nightjar: per('nightjar'), postgres: per('postgres'), detector: per('detector'), all: per('all') };
  return { perSecond: per('done'), cores };
}
