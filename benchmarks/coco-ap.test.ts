import { describe, expect, test } from 'vitest';
import { averagePrecision, type Box, type Coco, type Found } from './coco-ap.ts';

const truth = (imageId: number, bbox: Box, iscrowd = 0) => ({ image_id: imageId, category_id: 1, bbox, iscrowd });
const toCoco = (annotations: Coco['annotations']): Coco => ({
  images: [],
  annotations,
  categories: [{ id: 1, name: 'cat' }],
});
const found = (imageId: number, bbox: Box, score: number): Found => ({ imageId, label: 'cat', score, bbox });
const box: Box = [10, 10, 100, 100];
const away: Box = [300, 300, 50, 50];

describe('average precision', () => {
  test('of exact boxes is 1', () => {
    expect(averagePrecision(toCoco([truth(1, box)]), [found(1, box, 0.9)])).toMatchObject({ ap: 1, ap50: 1 });
  });

  test('of nothing found is 0', () => {
    expect(averagePrecision(toCoco([truth(1, box)]), [])).toMatchObject({ ap: 0, ap50: 0 });
  });

  test('of a box with IoU 0.8 counts at seven of the ten thresholds', () => {
    const loose = averagePrecision(toCoco([truth(1, box)]), [found(1, [10, 10, 80, 100], 0.9)]);
    expect(loose.ap50).toBe(1);
    expect(loose.ap).toBeCloseTo(0.7, 1);
  });

  test('halves when a stronger detection is wrong', () => {
    const { ap } = averagePrecision(toCoco([truth(1, box)]), [found(1, away, 0.9), found(1, box, 0.5)]);
    expect(ap).toBeCloseTo(0.5);
  });

  test('does not count a second detection of the same object, nor of another picture', () => {
    const coco = toCoco([truth(1, box), truth(2, box)]);
    const { ap } = averagePrecision(coco, [found(1, box, 0.9), found(1, box, 0.8), found(3, box, 0.7)]);
    expect(ap).toBeCloseTo(51 / 101);
  });

  test('leaves out what falls to a crowd', () => {
    const coco = toCoco([truth(1, box), truth(1, [200, 200, 400, 400], 1)]);
    const { ap } = averagePrecision(coco, [found(1, away, 0.9), found(1, box, 0.5)]);
    expect(ap).toBe(1);
  });
});
