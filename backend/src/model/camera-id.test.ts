import { expect, it } from 'vitest';
import { toCameraId } from './index.ts';

it.each([
  ['Front Door', 'front_door'],
  ['Garage', 'garage'],
  ['Über  Straße 7', 'uber_stra_e_7'],
  ['..%2f', '2f'],
  ['庭', 'camera'],
  ['x'.repeat(200), 'x'.repeat(60)],
])('makes of the folder %j the id %s', (folder, id) => expect(toCameraId(folder)).toBe(id));
