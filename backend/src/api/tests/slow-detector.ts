import type { DetectedObject } from '../../model/index.ts';

/** A detector whose results wait until they are let go. */
export function createSlowDetector(objects: readonly DetectedObject[] = []) {
  const waiting: (() => void)[] = [];
  let examined = 0;
  return {
    examine: async (): Promise<readonly DetectedObject[]> => {
      examined += 1;
      await new Promise<void>((resolve) => waiting.push(resolve));
      return objects;
    },
    /** Pictures that are being examined. */
    inHand: () => waiting.length,
    /** Pictures that ever were. */
    examined: () => examined,
    finish: () => waiting.splice(0).forEach((resolve) => resolve()),
  };
}
