/**
 * Ingest: files that cameras put into the inbox become arrivals.
 *
 * In: the inbox, `<camera folder>/**\/<file>`; hints from the watcher, and the scans at the start and once a minute that
 * are the truth behind them. Out: `record(arrival)`, once for each finished upload, after `storeOriginal`; junk is an
 * arrival with an error. A clip goes to `storeClip` piece by piece, then to `recordClip`. A file leaves the inbox (mode `move`) only once it is recorded, so a crash anywhere is repaired
 * by the next start: what was recorded is `known`, what was not is examined again.
 *
 * Can fail: the start, with `unavailable`, if there is no inbox to be had. Later failures (database or disk away, a file
 * that may not be read) are logged and tried again for as long as it takes; a poisoned file never holds up others.
 * `resolveCamera` throws `forbidden` for a folder that may have no camera: its files wait in the inbox (admission.ts).
 *
 * Limits: 10,000 paths on the work list (more are found by a further scan), 4 files examined at once, 2 clips among them, one scan at a
 * time, 64 directory entries read at a time, 50,000 folders watched, 20,000 files left in the inbox remembered for 10 minutes, 10,000
 * refused folders remembered for 50 s. When an upload is finished is told in settle.ts, finished.ts and clips/ending.ts, which names are
 * temporary in names.ts, what becomes of names that are not text in file-path.ts.
 */
import { mkdir, realpath } from 'node:fs/promises';
import type { Clock } from '../lib/clock.ts';
import { NightjarError, toMessage } from '../lib/errors.ts';
import type { Logger } from '../lib/log.ts';
import type { Tracer } from '../lib/trace.ts';
import { createAdmission } from './admission.ts';
import type { Sinks } from './collect.ts';
import { createExaminer } from './examine.ts';
import { createHearing } from './hearing.ts';
import { createIntake, type Intake } from './intake.ts';
import { createOutage } from './outage.ts';
import { createRemembered } from './remembered.ts';
import { createScanner, type Scanner } from './scan.ts';
import { createPoll } from './poll.ts';
import { createWatch, type Watch } from './watch.ts';

export { clipFormats } from './clips/start.ts';
export { inspectPicture } from './inspect.ts';
export { createReceive, type Received } from './receive.ts';

const RESCAN_MS = 60_000;

export interface IngestOptions extends Sinks {
  readonly inbox: string;
  /** `move` takes finished files out of the inbox, `copy` leaves all as it is. */
  readonly mode: 'move' | 'copy';
  /** Stillness that ends an upload without an end marker. */
  readonly settleMs: number;
  /** Look for changes instead of being told: for network shares. */
  readonly polling: boolean;
  /** IANA name; of times in file names and EXIF. */
  readonly timeZone: string;
  readonly imageBytesMax: number;
  readonly clipBytesMax: number;
  readonly imagePixelsMax: number;
  readonly clock: Clock;
  /** The time of day, to judge times in names by; `clock` unless given, which may then step. */
  readonly calendar?: Pick<Clock, 'nowMs'>;
  readonly log: Logger;
  readonly rescanMs?: number;
  /** `settle`: from the first sight of a file until it is whole; `store`: from then until it is recorded. */
  readonly onStage?: (stage: 'settle' | 'store', ms: number) => void;
  readonly tracer?: Tracer;
}

export interface Ingest {
  /** Scans the inbox, and resolves when all that is in it is dealt with. A file that cannot be read keeps it waiting. */
  idle(): Promise<void>;
  /** The ledger may have forgotten files that were left in the inbox: it is asked anew, in a scan at once. */
  lookAnew(): void;
  stats(): IngestStats;
  /** Stops watching and waits for the files in hand. */
  close(): Promise<void>;
}

export interface IngestStats {
  /** Paths on the work list that are not being examined: still being written, or awaiting their turn. */
  readonly waiting: number;
  readonly examining: number;
  readonly scanning: boolean;
  /** The database or the media store is away. */
  readonly outage: boolean;
  /** Folders without a camera because there are as many as may be (`CAMERAS_MAX`); their files wait. */
  readonly refusedFolders: number;
  /** Folders of which nothing tells: what arrives there is found by the scan. */
  readonly unwatchedFolders: number;
}

export async function createIngest(options: IngestOptions): Promise<Ingest> {
  const { clock, log } = options;
  const inbox = await openInbox(options.inbox);
  const outage = createOutage({ clock, log, onOver: () => intake.wakeAll() });
  const admission = createAdmission({ clock, log, outage, resolveCamera: options.resolveCamera });
  const hearing = createHearing({ clock, log, watch: () => watch });
  const remembered = createRemembered(clock);
  const examine = createExaminer({
    ...options,
    inbox,
    outage,
    remembered,
    sinks: { ...options, resolveCamera: admission.resolveCamera },
    onRecorded: hearing.recorded,
    onFolder: (path) => scanner.request(path),
    onGone: (path) => watch.leave(path),
    onMoved: (path) => void intake.offer(path),
  });
  const intake: Intake = createIntake({ clock, log, examine: admission.guard(examine), outage, onOff: hearing.forget });
  const onFolder = (path: string): void => scanner.request(path);
  const watch: Watch = options.polling
    ? await createPoll({ inbox, clock, log, onFolder })
    : createWatch({
        inbox,
        clock,
        log,
        onFolder,
        onFile(path) {
          hearing.heard(path);
          if (admission.isShut(path) || intake.offer(path)) return;
          // No room: the scan finds it, for a scan waits for room.
          hearing.excuse();
          scanner.request('');
        },
      });
  const scanner: Scanner = createScanner({
    inbox,
    log,
    enter: (folder) => watch.enter(folder),
    isShut: (folder) => admission.isShut(`${folder}/`),
    async offer(path, { isWhole }) {
      if (admission.isShut(path)) return;
      await intake.room();
      if (isWhole && !intake.has(path) && !admission.isInDoubt(path)) hearing.found(path);
      intake.offer(path);
    },
  });

  // First of all everything is watched: working off what is already there may take its time.
  await scanner.survey();
  const rescan = startRescan(scanner, options);

  return {
    async idle() {
      scanner.request('');
      do {
        await scanner.idle();
        await intake.idle();
      } while (scanner.isScanning());
    },
    lookAnew() {
      remembered.doubt();
      scanner.request('');
    },
    stats: () => ({
      ...intake.stats(),
      scanning: scanner.isScanning(),
      outage: outage.isOn(),
      refusedFolders: admission.refused(),
      unwatchedFolders: watch.unwatched(),
    }),
    async close() {
      await rescan.close();
      await watch.close();
      await Promise.all([intake.close(), scanner.close()]);
    },
  };
}

/** The real path: links in the way to the inbox are the operator's own, only those inside it are not followed. */
async function openInbox(folder: string): Promise<string> {
  try {
    await mkdir(folder, { recursive: true });
    return await realpath(folder);
  } catch (thrown) {
    throw new NightjarError('unavailable', `opening the inbox ${folder}: ${toMessage(thrown)}`, { cause: thrown });
  }
}

/** The first scan, at once, and all others. */
function startRescan(scanner: Scanner, { clock, rescanMs = RESCAN_MS }: IngestOptions): { close(): Promise<void> } {
  const stop = new AbortController();
  async function run(): Promise<void> {
    while (!stop.signal.aborted) {
      scanner.request('');
      await clock.sleep(rescanMs, stop.signal);
    }
  }
  const running = run();
  return {
    async close() {
      stop.abort();
      await running;
    },
  };
}
