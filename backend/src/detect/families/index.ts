import type { Family } from './family.ts';
import { centernet } from './centernet.ts';
import { rtdetr } from './rtdetr.ts';
import { yolox } from './yolox.ts';

/** Every model family, by the name that `model.json` gives it. A new one is a file here and a line in this list. */
export const families = { centernet, rtdetr, yolox } as const satisfies Readonly<Record<string, Family>>;
export type FamilyName = keyof typeof families;
