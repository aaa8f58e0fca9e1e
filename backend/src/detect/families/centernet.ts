import { toObjectsOfBoxes } from './boxes.ts';
import type { Family } from './family.ts';

/** CenterNet with its head in the graph (models/bundled/centernet-head.ts): `boxes`, `scores` and `labels`, strongest first. */
export const centernet: Family = (run, keep) => toObjectsOfBoxes(run, keep, 'CenterNet');
