import type { CommandOptions } from './serve.ts';
import { createLocalBus, createTransact } from '../broadcast/index.ts';
import type { Database } from '../db/index.ts';
import { clipFormats, inspectPicture } from '../ingest/index.ts';
import { systemClock as clock } from '../lib/clock.ts';
import { newId } from '../lib/id.ts';
import { openMedia } from '../stores.ts';
import { checkHouse, type Repair } from '../retention/index.ts';
import { createCheckReport } from './check-report.ts';
import { createFilesProgress } from './files-progress.ts';
import { withDatabase } from './with-database.ts';

export interface CheckFlags {
  readonly quick?: boolean;
  readonly repair?: boolean;
  readonly force?: boolean;
  readonly json?: boolean;
}

const EXIT_FINDINGS = 1;

/**
 * Compares database and media store, beside a running Nightjar or without one. Resolves to the exit code: 1 when
 * something was found, repaired or not, so that a script hears of it; run again, a repaired house is clean.
 */
export async function runCheck(
  { quick = false, repair = false, force = false, json = false }: CheckFlags,
  { config, log, write, terminal }: CommandOptions & { readonly terminal: boolean },
): Promise<number> {
  const progress = createFilesProgress(terminal && !json);
  const report = createCheckReport({ json, isRepair: repair, write });
  const stop = new AbortController();
  const media = await openMedia(config, log);
  return withDatabase({ config, log }, async (db) => {
    const summary = await checkHouse({
      ...{ db, media, clock, log, isQuick: quick, signal: stop.signal },
      repair: repair ? toRepair(db, config, force) : undefined,
      onFinding: report.add,
      onProgress: progress.show,
    }).finally(progress.close);
    report.end(summary);
    return Object.keys(summary.findings).length > 0 ? EXIT_FINDINGS : 0;
  });
}

/** Dashboards hear of dead letters by polling: nobody listens to the bus of a command. */
const toRepair = (
  db: Database,
  { imagePixelsMax, imageBytesMax }: CommandOptions['config'],
  isForced: boolean,
): Repair => ({
  isForced,
  transact: createTransact({ db, bus: createLocalBus(), clock }),
  newId,
  imageBytesMax,
  inspect: (bytes, name) => inspectPicture(bytes, { ending: 'open', name, pixelsMax: imagePixelsMax }),
  toClipType: (extension) => Object.values(clipFormats).find((format) => format.extension === extension)?.mediaType,
});
