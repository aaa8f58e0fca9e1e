/**
 * Folders that may have no camera now, because there are as many cameras as may be made unasked (`CAMERAS_MAX`). Their
 * files stay in the inbox, untouched. A refused folder is passed over for a while, so that a hundred thousand files in
 * a thousand such folders do not keep the work list from the cameras that are known; then it is asked about again.
 */
import type { Clock } from '../lib/clock.ts';
import { toNightjarError } from '../lib/errors.ts';
import type { Logger } from '../lib/log.ts';
import { toPrintable } from '../lib/printable.ts';
import type { Sinks } from './collect.ts';
import type { Examine } from './examine.ts';
import { toCameraFolder } from './names.ts';
import type { Outage } from './outage.ts';

/** Shorter than from one scan to the next, so that each asks again. */
const REFUSED_MS = 50_000;
const FOLDERS_MAX = 10_000;
/** Folders named in the log one by one. */
const NAMED_MAX = 20;

export interface Admission {
  /** As the sink's, remembering what it refuses (`forbidden`). */
  readonly resolveCamera: Sinks['resolveCamera'];
  /** Whether nothing of this path's camera is to be looked at now. */
  isShut(path: string): boolean;
  /** Whether it was refused, and nobody said since that it is not. */
  isInDoubt(path: string): boolean;
  /** `examine` for admitted folders; paths of the others are `done` with. A folder in doubt is asked about first. */
  guard(examine: Examine): Examine;
  /** How many folders are refused. */
  refused(): number;
}

export function createAdmission(options: {
  readonly clock: Clock;
  readonly log: Logger;
  readonly resolveCamera: Sinks['resolveCamera'];
  readonly outage: Outage;
}): Admission {
  const { clock, log, outage } = options;
  /** Until when they are not asked about again. */
  const refused = new Map<string, number>();
  const logRefusal = createRefusalLog(log);

  function refuse(folder: string, reason: string): void {
    if (refused.size >= FOLDERS_MAX) refused.clear();
    refused.set(folder, clock.nowMs() + REFUSED_MS);
    logRefusal(folder, reason);
  }

  function admit(folder: string): void {
    if (refused.delete(folder)) log.info({ folder }, 'the folder has a camera now: its files are examined');
  }

  async function resolveCamera(folder: string) {
    try {
      const camera = await options.resolveCamera(folder);
      admit(folder);
      return camera;
    } catch (thrown) {
      const { kind, message } = toNightjarError(thrown);
      if (kind === 'forbidden') refuse(folder, message);
      throw thrown;
    }
  }

  const isRefused = (folder: string): boolean => (refused.get(folder) ?? 0) > clock.nowMs();

  return {
    resolveCamera,
    // Nearly always none is.
    isShut: (path) => refused.size > 0 && isRefused(toCameraFolder(path)),
    isInDoubt: (path) => refused.size > 0 && refused.has(toCameraFolder(path)),
    guard: (examine) => async (path, progress) => {
      const folder = toCameraFolder(path);
      if (isRefused(folder)) return 'done';
      try {
        if (refused.has(folder)) await outage.guard('camera', () => resolveCamera(folder));
        return await examine(path, progress);
      } catch (thrown) {
        if (isRefused(folder)) return 'done';
        throw thrown;
      }
    },
    refused: () => refused.size,
  };
}

/** Each folder once, the first few by name. */
function createRefusalLog(log: Logger): (folder: string, reason: string) => void {
  const told = new Set<string>();
  return (folder, reason) => {
    if (told.has(folder) || told.size > NAMED_MAX) return;
    told.add(folder);
    if (told.size > NAMED_MAX) log.warn('more folders of the inbox have no camera; they are not named one by one');
    else
      log.warn(
        { folder },
        `the files of the folder "${toPrintable(folder)}" wait: ${reason}. Raise CAMERAS_MAX, or add this camera: ` +
          'POST /api/cameras with this folder',
      );
  };
}
