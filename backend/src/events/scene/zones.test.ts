import { describe, expect, it } from 'vitest';
import type { Point } from '../../lib/polygon.ts';
import type { Zone } from '../../model/zone.ts';
import { judgeByZones, toFootPoint } from './zones.ts';

const box = (left: number, right: number): Zone['polygon'] => [[left, 0], [right, 0], [right, 1], [left, 1]]; // prettier-ignore
const zone = (id: string, kind: Zone['kind'], partial: Partial<Zone> = {}): Zone => ({
  ...{ id, kind, cameraId: 'yard', name: id, polygon: box(0, 0.5), labels: [], enabled: true, createdAt: new Date(0) },
  ...partial,
});
const left: Point = [0.25, 0.9];
const right: Point = [0.75, 0.9];
const border: Point = [0.5, 0.9];

const watch = zone('drive', 'watch');
const watchCars = zone('street', 'watch', { labels: ['car'] });
const ignore = zone('pond', 'ignore');
const ignoreBirds = zone('bush', 'ignore', { labels: ['bird'] });
const watchRight = zone('door', 'watch', { polygon: box(0.5, 1) });

describe('zones', () => {
  it.each<[string, Zone[], string, Point, string[], string | null]>([
    ['none: everything counts', [], 'person', left, [], null],
    ['in a watch zone', [watch], 'person', left, ['drive'], null],
    ['outside of it', [watch], 'person', right, [], 'outside_zones'],
    ['on its border', [watch], 'person', border, ['drive'], null],
    ['outside of one of two', [watch, watchRight], 'person', right, ['door'], null],
    ['on the border of two', [watch, watchRight], 'person', border, ['drive', 'door'], null],
    ['outside of one about another label', [watchCars], 'person', right, [], null],
    ['within one about another label: it is not about it', [watchCars], 'person', left, [], null],
    ['outside of one about its label', [watchCars], 'car', right, [], 'outside_zones'],
    ['in an ignore zone', [ignore], 'person', left, ['pond'], 'ignore_zone'],
    ['outside of it', [ignore], 'person', right, [], null],
    ['on its border', [ignore], 'person', border, ['pond'], 'ignore_zone'],
    ['in one about another label', [ignoreBirds], 'person', left, [], null],
    ['in both kinds: ignored', [watch, ignore], 'person', left, ['drive', 'pond'], 'ignore_zone'],
    ['outside of the watch zone, in the ignore zone', [ignore, watchRight], 'person', left, ['pond'], 'ignore_zone'],
    ['a zone that is switched off', [{ ...watch, enabled: false }, { ...ignore, enabled: false }], 'person', right, [], null], // prettier-ignore
    ['a label that JavaScript has plans for', [zone('a', 'ignore', { labels: ['constructor'] })], 'constructor', left, ['a'], 'ignore_zone'], // prettier-ignore
  ])('%s', (_name, zones, label, foot, zoneIds, suppressedBy) => {
    expect(judgeByZones(zones, label, foot)).toEqual({ zoneIds, suppressedBy });
  });

  it('the foot point is the bottom centre of the box, in shares of the picture', () => {
    expect(toFootPoint({ x: 100, y: 50, width: 40, height: 150 }, { width: 640, height: 400 })).toEqual([120 / 640, 0.5]);
    expect(toFootPoint({ x: 0, y: 0, width: 640, height: 400 }, { width: 640, height: 400 })).toEqual([0.5, 1]);
  }); // prettier-ignore
});
