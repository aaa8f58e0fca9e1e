/**
 * Question: what does the way of a frame cost beyond seeing? From the rename of a finished 1080p JPEG into the inbox to
 * its `detection.created` on a WebSocket client, on an idle machine, one frame at a time, against decoding and inference
 * of the same picture by the detect room alone. Limit: the medians are within 40 ms of each other.
 *
 * The two take turns, so that whatever else the machine does hits both alike. Argument: how many frames (100).
 */
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openDashboard, type Dashboard } from './dashboard.ts';
import { openBareDetector, withNightjar, type BareDetector, type House } from './house.ts';
import { readCameraPicture, toPicture, upload, type Picture } from './pictures.ts';
import { hold, say, sayTable, SPREAD_HEAD, toFixed, toRow, toSpread } from './report.ts';

const FRAMES = 100;
const WARM_UP_FRAMES = 20;
const OVERHEAD_MS_MAX = 40;
/** What still happens to a frame after it was told must not fall into the bare detector's turn. */
const REST_MS = 30;

export interface Latency {
  /** From the rename to the message, milliseconds, of each frame. */
  readonly toldMs: readonly number[];
  /** Decoding and inference alone of the same frames. */
  readonly bareMs: readonly number[];
  /** `/api/stats/pipeline` afterwards; warm-up included. */
  readonly stages: Readonly<Record<string, StageLatency>>;
}

interface StageLatency {
  readonly count: number;
  readonly p50_ms: number | null;
  readonly p95_ms: number | null;
  readonly p99_ms: number | null;
}

/** Throws when the limit is missed. */
export async function run([frames = `${FRAMES}`]: readonly string[]): Promise<void> {
  const { toldMs, bareMs, stages } = await measureLatency({ frames: Number(frames), warmUp: WARM_UP_FRAMES });
  const told = toSpread(toldMs);
  const bare = toSpread(bareMs);
  const beyondMs = toldMs.map((ms, index) => ms - (bareMs[index] ?? 0));
  sayTable(SPREAD_HEAD, [
    toRow('rename to detection.created', toldMs.length, told),
    toRow('bare decode + infer', bareMs.length, bare),
    toRow('beyond, frame by frame', beyondMs.length, toSpread(beyondMs)),
  ]);
  sayTable(
    ['stage', 'n', 'p50 ms', 'p95 ms', 'p99 ms'],
    Object.entries(stages).map(([stage, { count, p50_ms, p95_ms, p99_ms }]) => [stage, `${count}`, ...[p50_ms, p95_ms, p99_ms].map((ms) => toFixed(ms))]),
  ); // prettier-ignore
  const overheadMs = told.p50 - bare.p50;
  say(`overhead of the medians ${toFixed(overheadMs)} ms, ratio ${toFixed(told.p50 / bare.p50, 2)}`);
  hold([[`the median is within ${OVERHEAD_MS_MAX} ms of the bare cost`, overheadMs <= OVERHEAD_MS_MAX]]);
}

/** Every frame is heard, or this throws. */
export async function measureLatency({ frames, warmUp }: { frames: number; warmUp: number }): Promise<Latency> {
  const jpeg = await readCameraPicture();
  const bare = await openBareDetector(1);
  try {
    return await withNightjar(async (house) => {
      const dashboard = await openDashboard(house.nightjar);
      const toldMs: number[] = [];
      const bareMs: number[] = [];
      for (let index = -warmUp; index < frames; index += 1) {
        const picture = toPicture(jpeg, 'gate', index + warmUp);
        const [told, alone] = [await tell(house, dashboard, picture), await timeBare(bare, picture)];
        if (index < 0) continue;
        toldMs.push(told);
        bareMs.push(alone);
      }
      dashboard.close();
      const { stages } = await house.nightjar.get<Pick<Latency, 'stages'>>('/api/stats/pipeline');
      return { toldMs, bareMs, stages };
    });
  } finally {
    await bare.close();
  }
}

async function tell({ inbox }: House, dashboard: Dashboard, picture: Picture): Promise<number> {
  const finish = await upload(inbox, picture);
  await sleep(REST_MS);
  const startedMs = performance.now();
  await finish();
  const tookMs = (await dashboard.heard(path.basename(picture.name))) - startedMs;
  await sleep(REST_MS);
  return tookMs;
}

async function timeBare(bare: BareDetector, { bytes }: Picture): Promise<number> {
  const startedMs = performance.now();
  await bare.detect(bytes);
  return performance.now() - startedMs;
}
