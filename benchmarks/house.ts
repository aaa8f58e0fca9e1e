/** What is measured: the built program as a user runs it, and beside it the bare detector with the program's settings. */
import path from 'node:path';
import { API_KEY, createDataDir, startProcess, type NightjarProcess } from '../backend/tests/harness/nightjar.ts';
import { parseConfig } from '../backend/src/config.ts';
import { createOnnxDetector } from '../backend/src/detect/index.ts';
import { systemClock } from '../backend/src/lib/clock.ts';
import { silentLog } from '../backend/src/lib/log.ts';
import { readModel } from '../backend/src/models/index.ts';
import { PICTURE_SIZE } from './pictures.ts';

const STOPPED_BY_SIGNAL = 130;

export interface House {
  readonly nightjar: NightjarProcess;
  readonly inbox: string;
}

/** A Nightjar on a data folder of its own and the embedded PostgreSQL; both are gone afterwards. */
export async function withNightjar<T>(use: (house: House) => Promise<T>): Promise<T> {
  const dataDir = await createDataDir();
  let nightjar: NightjarProcess | undefined;
  const clear = async (): Promise<void> => {
    await nightjar?.kill('SIGTERM');
    await dataDir.remove();
  };
  // The program is a process group of its own: Ctrl-C does not reach it.
  const onSignal = (): void => void clear().finally(() => process.exit(STOPPED_BY_SIGNAL));
  process.once('SIGINT', onSignal);
  try {
    nightjar = await startProcess(dataDir.path, { LOG_LEVEL: 'warn' });
    return await use({ nightjar, inbox: path.join(dataDir.path, 'inbox') });
  } finally {
    process.off('SIGINT', onSignal);
    await clear();
  }
}

export interface BareDetector {
  /** `detect` calls that the program has in flight at once. */
  readonly runsMax: number;
  /** Decodes and infers; resolves to how many objects were found. */
  detect(jpeg: Uint8Array): Promise<number>;
  close(): Promise<void>;
}

/** The detect room alone, as the program's defaults would open it; `workers` as given, or by cores. */
export async function openBareDetector(workers?: number): Promise<BareDetector> {
  const surroundings = { cwd: process.cwd(), systemTimeZone: 'UTC', terminal: false };
  const config = parseConfig({ ADMIN_API_KEY: API_KEY }, surroundings);
  const { labels, imagePixelsMax } = config;
  const model = await readModel(config.modelDir);
  const options = { model, workers, labels, imagePixelsMax, clock: systemClock, log: silentLog };
  const detector = await createOnnxDetector(options);
  return {
    runsMax: detector.runsMax,
    async detect(bytes) {
      const [objects] = await detector.detect([await detector.prepare({ bytes, ...PICTURE_SIZE })]);
      return objects?.length ?? 0;
    },
    close: () => detector.close(),
  };
}
