/**
 * Question: does the API answer, and do the sockets live, while the detector computes with everything it has? `GET
 * /health` (keep-alive, one request at a time, 50/s) and a WebSocket `ping`, idle and with a backlog of 1080p frames.
 * Limit: p99 of `GET /health` below 50 ms under the backlog.
 *
 * Idle, while the backlog is taken in, saturated, idle again, so that a machine that slows down shows. The client is on the same cores as the program
 * and waits for its turn like everybody else: its own share, the delay of its timers, is printed beside.
 * Arguments: how many requests (500), how many frames in the backlog (500).
 */
import { Agent } from 'node:http';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '../backend/tests/harness/eventually.ts';
import type { NightjarProcess } from '../backend/tests/harness/nightjar.ts';
import { openDashboard, type Dashboard } from './dashboard.ts';
import { withNightjar, type House } from './house.ts';
import { readCameraPicture, toPictures, uploadAll } from './pictures.ts';
import { hold, say, sayTable, SPREAD_HEAD, toFixed, toRow, toSpread } from './report.ts';
import { timeGet } from './time-get.ts';

const REQUESTS = 500;
const WARM_UP_REQUESTS = 50;
const BACKLOG_FRAMES = 500;
const CAMERAS = 5;
const EVERY_MS = 20;
const P99_MS_MAX = 50;
const DONE_WITHIN_MS = 300_000;

export interface Answers {
  readonly healthMs: readonly number[];
  readonly pingMs: readonly number[];
  /** p99 of the delay of the client's own timers, milliseconds. */
  readonly clientP99Ms: number;
}

export interface Health {
  readonly before: Answers;
  /** While the backlog is being taken in, which is work for the process itself. */
  readonly arriving: Answers;
  /** While the detector works it off. */
  readonly saturated: Answers;
  readonly after: Answers;
}

/** Throws when the limit is missed. */
export async function run([requests = `${REQUESTS}`, backlog = `${BACKLOG_FRAMES}`]: readonly string[]): Promise<void> {
  const { before, arriving, saturated, after } = await measureHealth({ requests: Number(requests), backlog: Number(backlog) }); // prettier-ignore
  const rows = Object.entries({ 'idle': before, 'files arriving': arriving, saturated, 'idle again': after }).flatMap(([name, answers]) => [
    toRow(`GET /health, ${name}`, answers.healthMs.length, toSpread(answers.healthMs)),
    toRow(`ping, ${name}`, answers.pingMs.length, toSpread(answers.pingMs)),
    [`client's own delay, ${name}`, '', '', '', toFixed(answers.clientP99Ms)],
  ]); // prettier-ignore
  sayTable(SPREAD_HEAD, rows);
  const p99 = toSpread(saturated.healthMs).p99;
  const idleP99 = toSpread([...before.healthMs, ...after.healthMs]).p99;
  say(`ratio of p99, saturated to idle ${toFixed(p99 / idleP99, 1)}`);
  hold([[`p99 of GET /health below ${P99_MS_MAX} ms while the detector is saturated`, p99 < P99_MS_MAX]]);
}

export async function measureHealth({ requests, backlog }: { requests: number; backlog: number }): Promise<Health> {
  const pictures = toPictures(await readCameraPicture(), backlog, CAMERAS);
  return withNightjar(async ({ nightjar, inbox }: House) => {
    const dashboard = await openDashboard(nightjar);
    const finish = await uploadAll(inbox, pictures);
    await ask(nightjar, dashboard, WARM_UP_REQUESTS);
    const before = await ask(nightjar, dashboard, requests);
    await finish();
    let isAllIn = false;
    const taken = untilTaken(nightjar, backlog).then(() => (isAllIn = true));
    const arriving = await ask(nightjar, dashboard, requests, () => isAllIn);
    await taken;
    const saturated = await ask(nightjar, dashboard, requests, () => countTold(dashboard) >= backlog);
    await untilTold(dashboard, backlog);
    const after = await ask(nightjar, dashboard, requests);
    dashboard.close();
    return { before, arriving, saturated, after };
  });
}

const countTold = ({ messages }: Dashboard): number =>
  messages.filter(({ type }) => type === 'detection.created').length;

interface Summary {
  readonly frames: { readonly total: number };
}

const untilTaken = (nightjar: NightjarProcess, frames: number): Promise<unknown> =>
  eventually(async () => (await nightjar.get<Summary>('/api/stats/summary')).frames.total >= frames, {
    withinMs: DONE_WITHIN_MS,
    what: `${frames} frames taken in`,
  });

const untilTold = (dashboard: Dashboard, frames: number): Promise<unknown> =>
  eventually(() => countTold(dashboard) >= frames, { withinMs: DONE_WITHIN_MS, what: `${frames} frames` });

/** Asks `requests` times; fewer when it `isOver` before. */
async function ask(
  { url }: NightjarProcess,
  dashboard: Dashboard,
  requests: number,
  isOver: () => boolean = () => false,
): Promise<Answers> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const delay = monitorEventLoopDelay({ resolution: 5 });
  delay.enable();
  const healthMs: number[] = [];
  const pingMs: number[] = [];
  for (let turn = 0; turn < requests && !isOver(); turn += 1) {
    healthMs.push(await timeGet(`${url}/health`, { agent }));
    pingMs.push(await dashboard.ping());
    await sleep(EVERY_MS);
  }
  delay.disable();
  agent.destroy();
  // The histogram holds whole intervals, in nanoseconds.
  return { healthMs, pingMs, clientP99Ms: delay.percentile(99) / 1e6 - 5 };
}
