/** The ledger of clips and the media store as plain functions, for the tests of this room. */
import type { NightjarError } from '../lib/errors.ts';
import { eventually } from '../../tests/harness/eventually.ts';
import { silentLog } from '../lib/log.ts';
import { systemClock } from '../lib/clock.ts';
import type { ClipFrame, ClipPlan, LeasedClip } from '../model/clip.ts';
import { createClipWorker, findTools, type ClipWorker, type ClipWorkerOptions } from './index.ts';
import { readNumber } from './test-films.ts';

export interface TestClip {
  readonly clip: LeasedClip;
  plan: ClipPlan | undefined;
  readonly frames: ClipFrame[];
  state: 'pending' | 'leased' | 'done' | 'dead';
  readonly failures: NightjarError[];
  released: number;
}

export type TestLedger = ReturnType<typeof createTestLedger>;

/** Holds one clip, the file at `file`. Its media path is that path. */
export function createTestLedger(file: string, facts: Partial<LeasedClip> & Pick<LeasedClip, 'mediaType'>) {
  const stored = new Map<string, Uint8Array>();
  const row: TestClip = { clip: toClip(file, facts), plan: undefined, frames: [], state: 'pending', failures: [], released: 0 }; // prettier-ignore
  let attempts = 0;
  const is = (state: TestClip['state']): Promise<boolean> => {
    const held = row.state === 'leased';
    if (held) row.state = state;
    return Promise.resolve(held);
  };
  const functions = {
    claimClip() {
      if (row.state !== 'pending') return Promise.resolve(undefined);
      row.state = 'leased';
      return Promise.resolve({ ...row.clip, ...row.plan, attempts: ++attempts });
    },
    planClip(_clip: LeasedClip, plan: ClipPlan) {
      row.plan ??= plan;
      return is('leased');
    },
    recordedOffsets: () => Promise.resolve(new Set(row.frames.map(({ offsetMs }) => offsetMs))),
    recordClipFrames(_clip: LeasedClip, frames: readonly ClipFrame[]) {
      row.frames.push(...frames);
      return is('leased');
    },
    completeClip: () => is('done'),
    failClip(_clip: LeasedClip, error: NightjarError) {
      row.failures.push(error);
      row.state = error.kind === 'unavailable' ? 'pending' : 'dead';
      return Promise.resolve();
    },
    releaseClip() {
      row.released += 1;
      row.state = 'pending';
      return Promise.resolve();
    },
    forgetClip: () => undefined,
    withFile: <T>(mediaPath: string, use: (path: string) => Promise<T>) => use(mediaPath),
    storeFrame({ cameraId, sha256, bytes }: { cameraId: string; sha256: string; bytes: Uint8Array }) {
      stored.set(`${cameraId}/${sha256}.jpg`, bytes);
      return Promise.resolve(`${cameraId}/${sha256}.jpg`);
    },
  } satisfies Partial<ClipWorkerOptions>;
  return {
    row,
    functions,
    /** Offset and number of each recorded picture. */
    numbers: async () =>
      Promise.all(
        row.frames.map(async ({ offsetMs, mediaPath }) => [
          offsetMs,
          await readNumber(stored.get(mediaPath) ?? new Uint8Array()),
        ]),
      ),
  };
}

export const testLimits = {
  intervalMs: 2_000,
  framesMax: 30,
  imageBytesMax: 50 * 1024 ** 2,
  imagePixelsMax: 100_000_000,
};

/** Looking for it starts four programs, and it does not change. */
const tools = findTools({ clock: systemClock, signal: new AbortController().signal });

export function startWorker({ functions }: TestLedger, options: Partial<ClipWorkerOptions> = {}): ClipWorker {
  const rest = {
    limits: testLimits,
    find: () => tools,
    attemptsMax: 2,
    storeWithinMs: 1_000,
    clock: systemClock,
    log: silentLog,
  };
  return createClipWorker({ ...functions, ...rest, ...options });
}

/** Cuts one film to its end, whichever it is. */
export async function cutFilm(
  file: string,
  mediaType: string,
  options: Partial<ClipWorkerOptions> = {},
  facts: Partial<LeasedClip> = {},
) {
  const ledger = createTestLedger(file, { mediaType, ...facts });
  const worker = startWorker(ledger, options);
  const { row } = ledger;
  await eventually(() => ['done', 'dead'].includes(row.state), { withinMs: 30_000 }).finally(worker.close);
  const error = row.failures.map(({ message }) => message).join();
  return { row, state: row.state, plan: row.plan, frames: row.frames, error, numbers: await ledger.numbers() };
}

function toClip(mediaPath: string, facts: Partial<LeasedClip>): LeasedClip {
  const unknown = { durationMs: null, width: null, height: null, framesPlanned: null, processedAt: null, error: null };
  const capturedAt = new Date('2026-01-02T03:04:05Z');
  return {
    id: 'clip',
    cameraId: 'door',
    state: 'leased',
    sourceName: 'clip',
    sha256: '0'.repeat(64),
    mediaType: 'video/mp4',
    mediaPath,
    bytes: 1,
    capturedAt,
    capturedFrom: 'name',
    receivedAt: capturedAt,
    attempts: 0,
    ...unknown,
    ...facts,
  };
}
