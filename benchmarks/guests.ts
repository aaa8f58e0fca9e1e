/**
 * Question: what does another program wait for when it uses Nightjar as its detector? `POST /detect` with a 1080p picture,
 * one after the other on one connection: idle, and beside a backlog of frames that keeps the detector saturated.
 *
 * The guest shares batches and cores with the pipeline, so what it costs the pipeline is printed too: frames a second while
 * the guest asks, against the same backlog without it. No limit: how long a machine computes is its own affair.
 * Arguments: how many requests (100), how many frames in the backlog (300).
 */
import { eventually } from '../backend/tests/harness/eventually.ts';
import { API_KEY } from '../backend/tests/harness/nightjar.ts';
import { openDashboard, type Dashboard } from './dashboard.ts';
import { withNightjar, type House } from './house.ts';
import { readCameraPicture, toPictures, uploadAll } from './pictures.ts';
import { say, sayTable, SPREAD_HEAD, toFixed, toRow, toSpread } from './report.ts';

const REQUESTS = 100;
const WARM_UP_REQUESTS = 5;
const BACKLOG_FRAMES = 300;
const CAMERAS = 5;
const DONE_WITHIN_MS = 300_000;

export interface Guests {
  readonly idleMs: readonly number[];
  readonly besideMs: readonly number[];
  /** Frames a second of the pipeline: alone, and beside the guest. */
  readonly alonePerSecond: number;
  readonly besidePerSecond: number;
}

export async function run([requests = `${REQUESTS}`, backlog = `${BACKLOG_FRAMES}`]: readonly string[]): Promise<void> {
  const measured = await measureGuests({ requests: Number(requests), backlog: Number(backlog) });
  sayTable(SPREAD_HEAD, [
    toRow('POST /detect, idle', measured.idleMs.length, toSpread(measured.idleMs)),
    toRow('POST /detect, beside the pipeline', measured.besideMs.length, toSpread(measured.besideMs)),
  ]);
  const { alonePerSecond, besidePerSecond } = measured;
  say(`pipeline alone ${toFixed(alonePerSecond)} frames/s, beside the guest ${toFixed(besidePerSecond)}: ratio ${toFixed(besidePerSecond / alonePerSecond, 2)}`); // prettier-ignore
}

/** The guest asks as long as the backlog lasts, at most `requests` times. */
export async function measureGuests({ requests, backlog }: { requests: number; backlog: number }): Promise<Guests> {
  const picture = await readCameraPicture();
  const pictures = toPictures(picture, 2 * backlog, CAMERAS);
  return withNightjar(async (house: House) => {
    const { url } = house.nightjar;
    const dashboard = await openDashboard(house.nightjar);
    await ask(url, picture, WARM_UP_REQUESTS);
    const idleMs = await ask(url, picture, requests);
    const alonePerSecond = await workOff(house, dashboard, pictures.slice(0, backlog));
    let isOver = false;
    const working = workOff(house, dashboard, pictures.slice(backlog)).finally(() => (isOver = true));
    const besideMs = await ask(url, picture, requests, () => isOver);
    const besidePerSecond = await working;
    dashboard.close();
    return { idleMs, besideMs, alonePerSecond, besidePerSecond };
  });
}

const countTold = ({ messages }: Dashboard): number =>
  messages.filter(({ type }) => type === 'detection.created').length;

/** Uploads all at once; resolves to frames a second from then until the last was told. */
async function workOff({ inbox }: House, dashboard: Dashboard, pictures: Parameters<typeof uploadAll>[1]) {
  const before = countTold(dashboard);
  const finish = await uploadAll(inbox, pictures);
  const startedMs = performance.now();
  await finish();
  await eventually(() => countTold(dashboard) >= before + pictures.length, { withinMs: DONE_WITHIN_MS, what: 'all frames' }); // prettier-ignore
  return (1_000 * pictures.length) / (performance.now() - startedMs);
}

/** From sending the form to the end of the answer, milliseconds each. */
async function ask(url: string, picture: Uint8Array, requests: number, isOver = () => false): Promise<number[]> {
  const durationsMs: number[] = [];
  for (let turn = 0; turn < requests && !isOver(); turn += 1) {
    const body = new FormData();
    body.append('file', new Blob([picture], { type: 'image/jpeg' }), 'a.jpg');
    const startedMs = performance.now();
    const response = await fetch(`${url}/detect`, { method: 'POST', headers: { 'x-api-key': API_KEY }, body });
    if (!response.ok) throw new Error(`POST /detect answered ${response.status}: ${await response.text()}`);
    await response.arrayBuffer();
    durationsMs.push(performance.now() - startedMs);
  }
  return durationsMs;
}
