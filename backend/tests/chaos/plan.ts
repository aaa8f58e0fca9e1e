/**
 * What happens in a round, as a function of (seed, round) alone: which pictures come from which camera, how and when,
 * and which faults strike whom. What the operating system makes of the timing is not part of it.
 */
import { createRandom, type Random } from './random.ts';
import { SCENES_MAX } from '../standins/scene.ts';

/** Who is in the house. Two of each role but the analyst, which needs no company to be killed. */
export const memberNames = ['ingest-1', 'ingest-2', 'detect-1', 'detect-2', 'analyze-1', 'api-1', 'api-2'] as const;
export type MemberName = (typeof memberNames)[number];

export const faultNames = [
  'kill',
  'terminate',
  'pause',
  'postgres-restart',
  'postgres-stop',
  'postgres-kill',
  'postgres-read-only',
  'postgres-cut',
  'postgres-pause',
  'redis-stop',
  'redis-kill',
  'redis-pause',
  'detector-hang',
  'detector-crash',
  'detector-500',
  'detector-half',
  'detector-reset',
  'disk-full',
  'clock-one',
  'clock-all',
  'clock-database',
  'thread-throw',
  'thread-exit',
  'thread-hang',
  'thread-abort',
] as const;
export type FaultName = (typeof faultNames)[number];

/** Needs the real detector in the detect processes, for it is its worker thread that is struck. */
export const isThreadFault = (name: FaultName): boolean => name.startsWith('thread-');

export interface PlannedFault {
  readonly name: FaultName;
  /** From the start of the round, milliseconds. */
  readonly atMs: number;
  readonly forMs: number;
  readonly member: MemberName;
  /** Of a clock, whole seconds, either way. */
  readonly stepS: number;
}

/** What a file holds; its bytes follow from this (files.ts). `mark` makes it unlike all others. */
export type Content =
  | { readonly kind: 'scene'; readonly number: number; readonly mark: string }
  | { readonly kind: 'camera'; readonly index: number; readonly mark: string }
  | { readonly kind: 'text' | 'truncated'; readonly mark: string };

export interface PlannedFile {
  readonly atMs: number;
  /** A folder of the inbox. */
  readonly camera: string;
  /** Below that folder. */
  readonly name: string;
  readonly content: Content;
  readonly how: 'rename' | 'in-place' | 'slow';
  /** Between the pieces of a slow upload. */
  readonly pauseMs: number;
}

export interface RoundPlan {
  readonly round: number;
  /** The detect processes compute themselves, with the bundled model. */
  readonly isReal: boolean;
  readonly files: readonly PlannedFile[];
  readonly faults: readonly PlannedFault[];
}

export interface PlanOptions {
  readonly seed: number;
  readonly round: number;
  /** Faults that this machine can bring about. */
  readonly available: readonly FaultName[];
  /** How many pictures, between these. */
  readonly files: { readonly min: number; readonly max: number };
}

const CAMERAS = ['Front Door', 'garage', 'yard', 'plaza'];
const UPLOADS_MS = 2_500;
const FAULTS_FURTHER_MAX = 3;
/** The base pictures of a round with the real detector; it computes for some 100 ms on each. */
const REAL_FILES_MAX = 14;
export const CAMERA_PICTURES = 3;

export function planRound({ seed, round, available, files }: PlanOptions): RoundPlan {
  const random = createRandom(`${seed}:${round}`);
  const first = pickFirst(seed, round, available);
  const isReal = isThreadFault(first);
  const others = available.filter((name) => isThreadFault(name) === isReal || !isThreadFault(name));
  const further = Array.from({ length: random.int(0, FAULTS_FURTHER_MAX) }, () => random.pick(others));
  const count = isReal ? Math.min(REAL_FILES_MAX, files.max) : random.int(files.min, files.max);
  return {
    round,
    isReal,
    files: planFiles(random, { seed, round, count, isReal }),
    faults: [first, ...further].map((name) => planFault(random, name)).sort((a, b) => a.atMs - b.atMs),
  };
}

/** Each fault comes first once in as many rounds as there are faults, in an order of its own each time. */
function pickFirst(seed: number, round: number, available: readonly FaultName[]): FaultName {
  const [turn, place] = [Math.floor((round - 1) / available.length), (round - 1) % available.length];
  const first = createRandom(`${seed}:order:${turn}`).shuffle(available)[place];
  if (first === undefined) throw new Error('no fault can be brought about on this machine');
  return first;
}

const HOURS_S = 3_600;

function planFault(random: Random, name: FaultName): PlannedFault {
  const isPause = name === 'pause';
  return {
    name,
    atMs: random.int(0, UPLOADS_MS),
    // A pause must outlast the lease of 3 s to be worth its name, and now and then does not.
    forMs: isPause ? random.int(2_000, 5_500) : random.int(300, 2_500),
    member: isPause && random.chance(0.6) ? random.pick(['detect-1', 'detect-2']) : random.pick(memberNames),
    stepS: random.int(60, 5 * HOURS_S) * random.pick([1, -1]),
  };
}

function planFiles(
  random: Random,
  { seed, round, count, isReal }: { seed: number; round: number; count: number; isReal: boolean },
): PlannedFile[] {
  const files: PlannedFile[] = [];
  for (let index = 0; index < count; index += 1) {
    const mark = `${seed}:${round}:${index}`;
    const earlier = files.length > 0 && random.chance(0.2) ? random.pick(files) : undefined;
    const file: PlannedFile = {
      atMs: random.int(0, UPLOADS_MS),
      camera: random.pick(CAMERAS),
      name: toName(random, round, index),
      content: planContent(random, mark, isReal),
      how: random.pick(['rename', 'rename', 'in-place', 'slow']),
      pauseMs: random.int(20, 250),
    };
    files.push(inOnePiece(earlier ? planFromEarlier(random, file, earlier) : file));
  }
  return files.sort((a, b) => a.atMs - b.atMs);
}

function planContent(random: Random, mark: string, isReal: boolean): Content {
  if (random.chance(0.06)) return { kind: random.pick(['text', 'truncated']), mark };
  if (isReal) return { kind: 'camera', index: random.int(0, CAMERA_PICTURES - 1), mark };
  return { kind: 'scene', number: random.int(0, SCENES_MAX - 1), mark };
}

/** What is no picture has no end to be seen: a writer that pauses in it for longer than SETTLE_MS has, for all we know, ended. */
const inOnePiece = (file: PlannedFile): PlannedFile =>
  file.content.kind === 'text' && file.how === 'slow' ? { ...file, how: 'in-place' } : file;

/** The same picture once more under another name, or another picture under the same name a moment later. */
function planFromEarlier(random: Random, file: PlannedFile, earlier: PlannedFile): PlannedFile {
  if (random.chance(0.5)) return { ...file, content: earlier.content };
  const { camera, name, atMs } = earlier;
  return { ...file, camera, name, how: 'rename', atMs: atMs + random.int(20, 900) };
}

const MINUTE_MS = 60_000;
const FIRST_MS = Date.UTC(2024, 0, 1);

/** A time in the name, as cameras write it: rounds lie minutes apart, so that no event spans two of them. */
function toName(random: Random, round: number, index: number): string {
  const at = new Date(FIRST_MS + round * 5 * MINUTE_MS + random.int(0, 9_999)).toISOString();
  const digits = at.replace(/\D/g, '');
  const folder = random.chance(0.3) ? `${at.slice(0, 10).replaceAll('-', '/')}/` : '';
  return `${folder}cam_${digits}_r${round}_${index}.jpg`;
}
