/**
 * What zones say of a detection, as pure functions. It is judged by its foot point, the bottom centre of its box: there
 * a person or a car touches the ground, while a box as a whole reaches over fences and across streets.
 */
import { isInside, type Point } from '../../lib/polygon.ts';
import type { BBox } from '../../model/index.ts';
import type { Suppression, Zone } from '../../model/zone.ts';

export interface Size {
  readonly width: number;
  readonly height: number;
}

export interface ZoneVerdict {
  /** The zones about its label in which it stands, of either kind. */
  readonly zoneIds: readonly string[];
  readonly suppressedBy: Extract<Suppression, 'ignore_zone' | 'outside_zones'> | null;
}

/** In shares of the picture, as the corners of zones are: a camera may change the size of its pictures. */
export const toFootPoint = ({ x, y, width, height }: BBox, picture: Size): Point => [
  (x + width / 2) / picture.width,
  (y + height) / picture.height,
];

/** A label that no watch zone is about counts everywhere; whatever stands in an ignore zone does not count. */
export function judgeByZones(zones: readonly Zone[], label: string, foot: Point): ZoneVerdict {
  const about = zones.filter((zone) => zone.enabled && isAbout(zone, label));
  const around = about.filter(({ polygon }) => isInside(polygon, foot));
  const zoneIds = around.map(({ id }) => id);
  const hasWatch = (some: readonly Zone[]): boolean => some.some(({ kind }) => kind === 'watch');
  if (around.some(({ kind }) => kind === 'ignore')) return { zoneIds, suppressedBy: 'ignore_zone' };
  return { zoneIds, suppressedBy: hasWatch(about) && !hasWatch(around) ? 'outside_zones' : null };
}

const isAbout = ({ labels }: Zone, label: string): boolean => labels.length === 0 || labels.includes(label);
