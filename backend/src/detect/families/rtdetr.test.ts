import { describe, expect, test } from 'vitest';
import { placePicture, type InputShape } from '../picture/placement.ts';
import type { Keep } from './family.ts';
import { rtdetr } from './rtdetr.ts';

const stretch: InputShape = { width: 640, height: 640, resize: 'stretch', align: 'centre', pad: 0 };
const letterbox: InputShape = { ...stretch, resize: 'letterbox' };
const hd = { width: 1920, height: 1080 };
const keep: Keep = { labels: ['person', 'car'], only: 'all', scoreMin: 0.5 };

/** The logit whose sigmoid is `score`. */
const logit = (score: number): number => Math.log(score / (1 - score));
const NEVER = -20;

/** Of one picture: two queries, the logits of two classes each, and boxes as centre x, centre y, width, height. */
const logits = [logit(0.9), NEVER, NEVER, logit(0.75)];
const boxes = [0.5, 0.5, 0.25, 0.5, 0.125, 0.25, 0.125, 0.25];

const run = (input: InputShape, batch: number) => {
  const placements = Array.from({ length: batch }, () => placePicture(hd, input));
  const repeated = (values: readonly number[]) => Float32Array.from(placements.flatMap(() => values));
  return rtdetr({ outputs: { logits: repeated(logits), boxes: repeated(boxes) }, batch, placements }, keep);
};

describe('logits and boxes become objects', () => {
  // By hand: 0.5 -+ 0.125 of 1920 is 720 and 1200; 0.5 -+ 0.25 of 1080 is 270 and 810; and so on.
  const stretched = [
    { label: 'person', score: 0.9, bbox: { x: 720, y: 270, width: 480, height: 540 } },
    { label: 'car', score: 0.75, bbox: { x: 120, y: 135, width: 240, height: 270 } },
  ];
  // A 1920 x 1080 picture is drawn 640 x 360 at (0, 140): y = (y_input - 140) * 3, clipped to 0..1080.
  // The person: 240..400 x 160..480 of the input, so 720..1200 x 60..1020. The car: 40..120 x 80..240, so 0..300 down.
  const letterboxed = [
    { label: 'person', score: 0.9, bbox: { x: 720, y: 60, width: 480, height: 960 } },
    { label: 'car', score: 0.75, bbox: { x: 120, y: 0, width: 240, height: 300 } },
  ];

  test.each([1, 8])('stretched, batch %i', (batch) => {
    expect(run(stretch, batch)).toEqual(Array.from({ length: batch }, () => stretched));
  });

  test.each([1, 8])('letterboxed, batch %i', (batch) => {
    expect(run(letterbox, batch)).toEqual(Array.from({ length: batch }, () => letterboxed));
  });

  test('padding of the batch is not looked at', () => {
    const placements = [placePicture(hd, stretch)];
    const outputs = { logits: Float32Array.from([...logits, 9, 9, 9, 9]), boxes: Float32Array.from([...boxes, ...boxes]) }; // prettier-ignore
    expect(rtdetr({ outputs, batch: 2, placements }, keep)).toEqual([stretched]);
  });

  test('one query may stand for two classes, but there are no more objects than queries', () => {
    const outputs = {
      logits: Float32Array.from([logit(0.9), logit(0.8), logit(0.7), NEVER]),
      boxes: Float32Array.from(boxes),
    };
    const [objects] = rtdetr({ outputs, batch: 1, placements: [placePicture(hd, stretch)] }, keep);
    expect(objects?.map(({ label, score }) => [label, score])).toEqual([['person', 0.9], ['car', 0.8]]); // prettier-ignore
  });

  test('outputs of another number of classes are refused', () => {
    const outputs = { logits: new Float32Array(6), boxes: new Float32Array(8) };
    expect(() => rtdetr({ outputs, batch: 1, placements: [placePicture(hd, stretch)] }, keep)).toThrow('2 classes');
  });
});

test('labels, boxes and scores, decoded in the graph, are corners in input pixels', () => {
  const outputs = {
    labels: Int32Array.from([1, 0, 7]),
    boxes: Float32Array.from([40, 80, 120, 240, 240, 160, 400, 480, 0, 0, 9, 9]),
    scores: Float32Array.from([0.75, 0.9, 0.9]),
  };
  const [objects] = rtdetr({ outputs, batch: 1, placements: [placePicture(hd, stretch)] }, keep);
  expect(objects).toEqual([
    { label: 'person', score: 0.9, bbox: { x: 720, y: 270, width: 480, height: 540 } },
    { label: 'car', score: 0.75, bbox: { x: 120, y: 135, width: 240, height: 270 } },
  ]);
});
