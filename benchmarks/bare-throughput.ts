import { openBareDetector } from './house.ts';
import type { Picture } from './pictures.ts';

/** The program's detect worker holds this many runs' worth of frames. */
const RUNS_IN_HAND = 3;
const WARM_UP_FRAMES = 8;

/** Frames a second of the detect room alone, with as many frames in hand as the program has. */
export async function measureBareThroughput(pictures: readonly Picture[]): Promise<number> {
  const bare = await openBareDetector();

  async function detectAll(given: readonly Picture[]): Promise<number> {
    const rest = [...given];
    const lane = async (): Promise<void> => {
      for (let picture = rest.pop(); picture; picture = rest.pop()) await bare.detect(picture.bytes);
    };
    const startedMs = performance.now();
    await Promise.all(Array.from({ length: bare.runsMax * RUNS_IN_HAND }, lane));
    return given.length / ((performance.now() - startedMs) / 1_000);
  }

  try {
    await detectAll(pictures.slice(0, WARM_UP_FRAMES));
    return await detectAll(pictures);
  } finally {
    await bare.close();
  }
}
