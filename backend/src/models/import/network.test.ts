import { describe, expect, test } from 'vitest';
import { createGraphBuilder, type GraphBuilder } from '../onnx/onnx-graph.ts';
import { decodeOnnx, encodeOnnx, type OnnxModel, type OnnxType } from '../onnx/onnx-proto.ts';
import { examineNetwork } from './network.ts';
import { planOutputs } from './outputs.ts';

type Shape = readonly (number | string)[];
type Output = readonly [name: string, type: OnnxType, shape: Shape];

/** Only inputs and outputs count here, so nothing computes. As a file would have it: encoded, and decoded again. */
function build(
  input: Shape,
  outputs: readonly Output[] = [],
  edit: (onnx: GraphBuilder) => void = () => {},
): OnnxModel {
  const onnx = createGraphBuilder('test');
  onnx.input('images', 'float32', input);
  for (const output of outputs) onnx.output(...output);
  edit(onnx);
  return decodeOnnx(encodeOnnx(onnx.build()));
}
const withOpset = (version: number): OnnxModel => ({ ...build([1, 3, 64, 64]), opsetImport: [{ domain: '', version }] }); // prettier-ignore

describe('the input', () => {
  test('fixed, free, and of a size that is given', () => {
    expect(examineNetwork(build([1, 3, 64, 96]), {})).toMatchObject({ opset: 17, batch: 1, size: { width: 96, height: 64 } }); // prettier-ignore
    expect(examineNetwork(build(['N', 3, 64, 96]), {}).batch).toBeUndefined();
    const open = build(['N', 3, 'H', 'W']);
    expect(examineNetwork(open, { size: { width: 32, height: 64 } }).size).toEqual({ width: 32, height: 64 });
    expect(() => examineNetwork(open, {})).toThrow('--size');
  });

  test.each([
    ['NHWC', build([1, 64, 64, 3]), 'not NHWC'],
    ['one channel', build([1, 1, 64, 64]), 'is no picture'],
    ['another size than it has', build([1, 3, 64, 64]), 'is 64 pixels wide, not 32'],
    ['no input', { ...build([1]), graph: { ...build([1]).graph, input: [] } }, 'no input for a picture'],
    ['an input too many', build([1, 3, 64, 64], [], (onnx) => onnx.input('scale_factor', 'float32', [1, 2])), 'scale_factor'], // prettier-ignore
    ['an opset too old', withOpset(9), 'opset 9'],
    ['an opset too new', withOpset(99), 'opset 99'],
    ['a format too new', { ...build([1, 3, 64, 64]), irVersion: 99 }, 'format version 99'],
  ])('%s is refused', (_name, model, message) => {
    const size = { width: 32, height: 32 };
    expect(() => examineNetwork(model, { size })).toThrow(expect.objectContaining({ kind: 'invalid', message: expect.stringContaining(message) as string })); // prettier-ignore
  });

  test('bytes are refused: the network was imported already', () => {
    const onnx = createGraphBuilder('test');
    onnx.input('images', 'uint8', ['N', 3, 64, 64]);
    expect(() => examineNetwork(onnx.build(), {})).toThrow('uint8');
  });

  test('weights among the inputs are no inputs', () => {
    const model = build([1, 3, 64, 64], [], (onnx) => {
      onnx.float32('weight', [1], Float32Array.of(1));
      onnx.input('weight', 'float32', [1]);
    });
    expect(examineNetwork(model, {}).image.name).toBe('images');
  });

  test('weights in another file are refused', () => {
    const model = build([1, 3, 64, 64]);
    model.graph.initializer = [{ name: 'weight', dims: [1], dataType: 1, dataLocation: 1 }];
    expect(() => examineNetwork(decodeOnnx(encodeOnnx(model)), {})).toThrow('external data is not supported');
  });
});

describe('the outputs', () => {
  const plan = (outputs: readonly Output[], family: 'rtdetr' | 'yolox', classes: number) =>
    planOutputs(examineNetwork(build(['N', 3, 64, 64], outputs), {}), family, classes).map(({ from, to, needsCast }) => [from, to, needsCast]); // prettier-ignore

  test.each<[string, readonly Output[], readonly (readonly unknown[])[]]>([
    ['transformers', [['logits', 'float32', ['N', 300, 80]], ['pred_boxes', 'float32', ['N', 300, 4]], ['extra', 'float32', ['N', 9]]], [['logits', 'logits', false], ['pred_boxes', 'boxes', false]]],
    ['RF-DETR, whose labels are logits', [['dets', 'float32', [1, 300, 4]], ['labels', 'float32', [1, 300, 80]]], [['labels', 'logits', false], ['dets', 'boxes', false]]],
    ['half precision', [['pred_boxes', 'float16', [1, 300, 4]], ['pred_logits', 'float16', [1, 300, 80]]], [['pred_logits', 'logits', true], ['pred_boxes', 'boxes', true]]],
    ['decoded', [['labels', 'int64', ['N', 300]], ['boxes', 'float32', ['N', 300, 4]], ['scores', 'float32', ['N', 300]]], [['labels', 'labels', true], ['boxes', 'boxes', false], ['scores', 'scores', false]]],
  ])('RT-DETR: %s', (_name, outputs, expected) => expect(plan(outputs, 'rtdetr', 80)).toEqual(expected)); // prettier-ignore

  test('RT-DETR with four labels: names tell logits from boxes', () => {
    const outputs: Output[] = [['pred_logits', 'float32', [1, 9, 4]], ['pred_boxes', 'float32', [1, 9, 4]]]; // prettier-ignore
    expect(plan(outputs, 'rtdetr', 4)).toEqual([['pred_logits', 'logits', false], ['pred_boxes', 'boxes', false]]); // prettier-ignore
  });

  test('YOLOX: 64 x 64 has 64 + 16 + 4 cells', () => {
    expect(plan([['output', 'float32', [1, 84, 7]]], 'yolox', 2)).toEqual([['output', 'grid', false]]);
  });

  test.each<[string, readonly Output[], 'rtdetr' | 'yolox', string]>([
    ['other labels', [['output', 'float32', [1, 84, 85]]], 'yolox', 'is of 80 classes, and 2 labels'],
    ['other cells', [['output', 'float32', [1, 100, 7]]], 'yolox', 'has 100 cells; YOLOX has 84 for 64 x 64'],
    [
      'maps that were not joined',
      [
        ['a', 'float32', [1, 64, 7]],
        ['b', 'float32', [1, 16, 7]],
      ],
      'yolox',
      'joined',
    ],
    ['a YOLOX as RT-DETR', [['output', 'float32', [1, 84, 7]]], 'rtdetr', 'not the outputs of RT-DETR'],
    ['no outputs', [], 'rtdetr', 'found none'],
    [
      'an RT-DETR of other labels',
      [
        ['logits', 'float32', [1, 9, 80]],
        ['boxes', 'float32', [1, 9, 4]],
      ],
      'rtdetr',
      'is of 80 classes, and 2 labels',
    ],
  ])('%s are refused', (_name, outputs, family, message) => {
    expect(() => plan(outputs, family, 2)).toThrow(expect.objectContaining({ kind: 'invalid', message: expect.stringContaining(message) as string })); // prettier-ignore
  });
});
