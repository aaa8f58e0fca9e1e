import type { Corners } from '../picture/placement.ts';
import type { Finding } from './family.ts';

/** Non-maximum suppression by class: drops each finding that overlaps a stronger one of its class by more than `overlapMax` (IoU). Takes and gives strongest first. */
export function suppress(findings: readonly Finding[], overlapMax: number): Finding[] {
  const kept: Finding[] = [];
  for (const finding of findings) {
    const isDouble = kept.some(
      ({ classNumber, corners }) =>
        classNumber === finding.classNumber && toOverlap(corners, finding.corners) > overlapMax,
    );
    if (!isDouble) kept.push(finding);
  }
  return kept;
}

/** Intersection over union, 0..1; NaN for boxes without area, which is above no limit. */
export function toOverlap(one: Corners, other: Corners): number {
  const width = Math.max(0, Math.min(one.right, other.right) - Math.max(one.left, other.left));
  const height = Math.max(0, Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top));
  const shared = width * height;
  return shared / (toArea(one) + toArea(other) - shared);
}

const toArea = ({ left, top, right, bottom }: Corners): number => (right - left) * (bottom - top);
