import { describe, expect, test } from 'vitest';
import { createGraphBuilder } from '../onnx/onnx-graph.ts';
import { fromFloat16, parseTfjsGraph } from './tfjs-graph.ts';
import { convertGraph } from './tfjs-to-onnx.ts';

const graphJson = (node: object[], weights: object[]): string =>
  JSON.stringify({ format: 'graph-model', modelTopology: { node }, weightsManifest: [{ weights }] });
const half = { dtype: 'float32', quantization: { dtype: 'float16' } };

describe('a TensorFlow.js graph', () => {
  test.each([
    [0x0000, 0],
    [0x3c00, 1],
    [0xc000, -2],
    [0x7bff, 65_504],
    [0x0001, 2 ** -24],
    [0x3555, 0.333251953125],
    [0x7c00, Number.POSITIVE_INFINITY],
    [0x7e00, Number.NaN],
  ])('reads float16 %i as %f', (bits, value) => {
    expect(fromFloat16(bits)).toBe(value);
  });

  test('has its weights one after another, at any offset', () => {
    const json = graphJson([], [
      { name: 'half', shape: [1], ...half },
      { name: 'whole', shape: [2], dtype: 'int32' },
    ]); // prettier-ignore
    const bin = Buffer.from([0x00, 0x3c, 7, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]);
    const { weights } = parseTfjsGraph(json, bin);
    expect(weights.get('half')?.values).toEqual(Float32Array.of(1));
    expect(weights.get('whole')?.values).toEqual(Int32Array.of(7, -1));
  });

  test.each([
    ['weights that end early', graphJson([], [{ name: 'a', shape: [3], ...half }]), 4],
    ['weights left over', graphJson([], [{ name: 'a', shape: [1], ...half }]), 4],
    ['another format', '{"format":"layers-model"}', 0],
    ['no JSON', '{', 0],
  ])('%s: invalid', (_name, json, bytes) => {
    expect(() => parseTfjsGraph(json, Buffer.alloc(bytes))).toThrow(expect.objectContaining({ kind: 'invalid' }));
  });
});

describe('the conversion', () => {
  const convert = (node: object[]): void => {
    const graph = parseTfjsGraph(graphJson(node, []), Buffer.alloc(0));
    convertGraph({ graph, onnx: createGraphBuilder('test'), inputs: { x: 'x' }, outputs: ['out'] });
  };

  test('names the operator that it does not know', () => {
    expect(() => convert([{ name: 'out', op: 'LSTM', input: ['x'] }])).toThrow('operator LSTM of out');
  });

  test('names the node that is missing', () => {
    expect(() => convert([{ name: 'out', op: 'Relu', input: ['gone'] }])).toThrow('no node gone');
  });

  test('refuses what it would get wrong', () => {
    const resize = {
      name: 'a/up_sampling2d',
      op: 'ResizeBilinear',
      input: ['x'],
      attr: { align_corners: { b: true } },
    };
    expect(() => convert([resize, { name: 'out', op: 'Identity', input: ['a/up_sampling2d'] }])).toThrow('corner rule');
  });
});
