import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { DetectedObject } from '../../model/index.ts';
import { placePicture, type InputShape } from '../picture/placement.ts';
import type { FamilyRun, Keep } from './family.ts';
import { families, type FamilyName } from './index.ts';

/** Whatever a network gives, what is stored is a box inside the picture, a known label and a score of 0 to 1. */
const labels = ['person', 'car', 'cat'];
const CELLS = 21; // of a 32 x 32 input: 16 + 4 + 1
const QUERIES = 7;

const number = fc.oneof(
  fc.float(),
  fc.float({ min: 0, max: 1 }),
  fc.float({ min: -100, max: 100 }),
  fc.constantFrom(NaN, Infinity, -Infinity, 0, -0, 1, 3.4e38, -3.4e38, 1e-45),
);
const floats = (length: number) => fc.array(number, { minLength: length, maxLength: length }).map((values) => Float32Array.from(values)); // prettier-ignore
const classes = (length: number) =>
  fc
    .array(fc.oneof(fc.integer({ min: -3, max: 5 }), fc.integer()), { minLength: length, maxLength: length })
    .map((values) => Int32Array.from(values));

const decoded = (batch: number) =>
  fc.record({ boxes: floats(batch * QUERIES * 4), scores: floats(batch * QUERIES), labels: classes(batch * QUERIES) });
const outputsOf: Record<string, (batch: number) => fc.Arbitrary<unknown>> = {
  centernet: decoded,
  'rtdetr decoded': decoded,
  rtdetr: (batch) => fc.record({ logits: floats(batch * QUERIES * labels.length), boxes: floats(batch * QUERIES * 4) }),
  yolox: (batch) => fc.record({ grid: floats(batch * CELLS * (5 + labels.length)) }),
};

const side = fc.integer({ min: 1, max: 5_000 });
const run = (form: string) =>
  fc.integer({ min: 1, max: 4 }).chain((batch) =>
    fc.record({
      batch: fc.constant(batch),
      outputs: outputsOf[form]?.(batch) ?? fc.constant(null),
      pictures: fc.array(fc.record({ width: side, height: side }), { minLength: 1, maxLength: batch }),
      resize: fc.constantFrom('letterbox' as const, 'stretch' as const),
      align: fc.constantFrom('centre' as const, 'corner' as const),
      scoreMin: fc.constantFrom(0, 0.02, 0.5, 1),
      only: fc.constantFrom<Keep['only']>('all', new Set(['car'])),
    }),
  );

function expectValid(objects: readonly DetectedObject[], picture: { width: number; height: number }, keep: Keep): void {
  for (const { label, score, bbox } of objects) {
    expect(keep.only === 'all' ? labels : [...keep.only]).toContain(label);
    expect(score).toBeGreaterThanOrEqual(keep.scoreMin);
    expect(score).toBeLessThanOrEqual(1);
    for (const value of Object.values(bbox)) expect(Number.isInteger(value)).toBe(true);
    expect(Math.min(bbox.x, bbox.y, bbox.width - 1, bbox.height - 1)).toBeGreaterThanOrEqual(0);
    expect(bbox.x + bbox.width).toBeLessThanOrEqual(picture.width);
    expect(bbox.y + bbox.height).toBeLessThanOrEqual(picture.height);
  }
}

describe('no output of a network becomes an invalid box', () => {
  test.each(Object.keys(outputsOf))('%s', (form) => {
    const family = families[form.split(' ')[0] as FamilyName];
    fc.assert(
      fc.property(run(form), ({ batch, outputs, pictures, resize, align, scoreMin, only }) => {
        const input: InputShape = { width: 32, height: 32, resize, align, pad: 0 };
        const placements = pictures.map((picture) => placePicture(picture, input));
        const keep: Keep = { labels, only, scoreMin };
        const found = family({ outputs, batch, placements }, keep);
        expect(found).toHaveLength(pictures.length);
        pictures.forEach((picture, index) => expectValid(found[index] ?? [], picture, keep));
      }),
      { numRuns: 300 },
    );
  });

  test.each(Object.keys(outputsOf))('%s: outputs that do not fit are refused in our words', (form) => {
    const family = families[form.split(' ')[0] as FamilyName];
    const placements = [placePicture({ width: 10, height: 10 }, { width: 32, height: 32, resize: 'stretch', align: 'centre', pad: 0 })]; // prettier-ignore
    const wrong: unknown[] = [null, undefined, {}, [], 'text', { logits: 1 }, { boxes: [], scores: [], labels: [] }, { grid: new Float64Array(9) }]; // prettier-ignore
    for (const outputs of wrong) {
      const one: FamilyRun = { outputs, batch: 1, placements };
      expect(() => family(one, { labels, only: 'all', scoreMin: 0.5 })).toThrow(
        expect.objectContaining({ kind: 'internal' }) as Error,
      );
    }
  });
});
