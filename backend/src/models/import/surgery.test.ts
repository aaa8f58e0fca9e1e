import { describe, expect, test } from 'vitest';
import type { GraphBuilder } from '../onnx/onnx-graph.ts';
import { decodeOnnx, encodeOnnx, toNumber, type OnnxGraph, type OnnxModel } from '../onnx/onnx-proto.ts';
import { buildDecodedRtdetr, buildProbe } from '../test-graphs.ts';
import { examineNetwork } from './network.ts';
import { planOutputs } from './outputs.ts';
import { familyDefaults, type Preprocessing } from './preprocessing.ts';
import { operate, type BatchWish } from './surgery.ts';
import { tensorNames } from './tensor-names.ts';

const input = { width: 4, height: 2 };
const probe = (look?: (onnx: GraphBuilder) => string, batch: number | 'N' = 'N'): OnnxModel =>
  decodeOnnx(encodeOnnx(buildProbe({ ...input, batch }, [0, 1, 2, 3], look)));

function cut(model: OnnxModel, how: Partial<Preprocessing> = {}, batch: BatchWish = 'free') {
  const facts = examineNetwork(model, {});
  const outputs = planOutputs(facts, 'rtdetr', 3);
  const preprocessing = { ...familyDefaults.rtdetr.preprocessing, ...how };
  const operators = operate(model, { facts, outputs, preprocessing, batch });
  return { operators, graph: decodeOnnx(encodeOnnx(model)).graph };
}

/** Every name that is used is made exactly once, and before it is used. */
function checkNames(graph: OnnxGraph): void {
  const made = new Set([...graph.input, ...graph.initializer].map(({ name }) => name));
  expect(made.size).toBe(graph.input.length + graph.initializer.length);
  for (const node of graph.node) {
    expect(node.input.filter((name) => name !== '' && !made.has(name))).toEqual([]);
    expect(node.output.filter((name) => made.has(name))).toEqual([]);
    node.output.forEach((name) => made.add(name));
  }
  expect(graph.output.filter(({ name }) => !made.has(name))).toEqual([]);
}

describe('the preprocessing', () => {
  test.each<[string, Partial<Preprocessing>, readonly string[]]>([
    ['only of scale', {}, ['Cast', 'Transpose', 'Mul']],
    ['none', { scale: 1 }, ['Cast', 'Transpose']],
    ['of everything', { channels: 'bgr', mean: [0.4, 0.5, 0.6], std: [0.1, 0.2, 0.3] }, ['Cast', 'Transpose', 'Gather', 'Mul', 'Add']], // prettier-ignore
  ])('%s', (_name, how, expected) => {
    const { operators, graph } = cut(probe(), how);
    expect(operators).toEqual(expected);
    expect(graph.input.map(({ name }) => name)).toEqual(['images']);
    checkNames(graph);
  });
});

describe('names', () => {
  test('that the network uses for something else are left to us', () => {
    const { graph } = cut(
      probe((onnx) => {
        onnx.node('Identity', ['values'], {}, 'images');
        onnx.node('Identity', ['images'], {}, 'boxes');
        onnx.node('Identity', ['boxes'], {}, 'nightjar_cast_0');
        onnx.float32('network_images', [1], Float32Array.of(1));
        return 'values';
      }),
    );
    checkNames(graph);
    expect(graph.output.map(({ name }) => name)).toEqual(['logits', 'boxes']);
  });

  test('inside branches, which see the names outside', () => {
    const branch: OnnxGraph = {
      name: 'branch',
      node: [{ opType: 'Identity', input: ['images'], output: ['chosen'] }],
      initializer: [],
      input: [],
      output: [{ name: 'chosen' }],
    };
    const { graph } = cut(
      probe((onnx) => {
        onnx.node('Identity', ['values'], {}, 'images');
        const other = { ...branch, node: [{ opType: 'Identity', input: ['images'], output: ['chosen_else'] }], output: [{ name: 'chosen_else' }] }; // prettier-ignore
        onnx.node('If', ['condition'], { then_branch: { graph: branch }, else_branch: { graph: other } });
        onnx.int64('condition', [1]);
        return 'values';
      }),
    );
    const choice = graph.node.find(({ opType }) => opType === 'If');
    const inner = choice?.attribute?.map(({ g }) => g?.node[0]?.input[0]);
    expect(inner).toEqual(['network_images', 'network_images']);
    expect(tensorNames(graph)).toContain('chosen_else');
  });
});

test('weights that were listed as inputs are inputs no more', () => {
  const model = probe();
  model.graph.input = [...model.graph.input, ...model.graph.initializer.map(({ name }) => ({ name }))];
  model.irVersion = 3;
  const { graph } = cut(model);
  expect(graph.input).toHaveLength(1);
  expect(toNumber(model.irVersion)).toBeGreaterThanOrEqual(4);
});

test('the second input is fed, and labels become 32-bit numbers', () => {
  const answers = { boxes: [[0, 0, 1, 1]], scores: [0.9], labels: [1] };
  const { graph } = cut(decodeOnnx(buildDecodedRtdetr(answers, input)));
  checkNames(graph);
  expect(graph.output.map(({ name, type }) => [name, type?.tensorType?.elemType])).toEqual([['labels', 6], ['boxes', 1], ['scores', 1]]); // prettier-ignore
});

describe('the batch', () => {
  const dims = (graph: OnnxGraph) =>
    [...graph.input, ...graph.output].map(({ type }) => {
      const first = type?.tensorType?.shape?.dim?.[0];
      return first?.dimParam ? first.dimParam : toNumber(first?.dimValue ?? -1);
    });

  test('is named where it is free, and 1 where it is not', () => {
    expect(dims(cut(probe(undefined, 1)).graph)).toEqual(['N', 'N', 'N']);
    expect(dims(cut(probe(undefined, 1), {}, 'one').graph)).toEqual([1, 1, 1]);
  });

  test('is freed in the shapes of the network, too', () => {
    const { graph } = cut(probe(undefined, 1));
    const reshape = graph.node.find(({ opType }) => opType === 'Reshape');
    expect(reshape?.input[1]).toBe('nightjar_shape_0');
    const shape = graph.initializer.find(({ name }) => name === 'nightjar_shape_0');
    expect(new BigInt64Array(Uint8Array.from(shape?.rawData ?? []).buffer)).toEqual(BigInt64Array.of(0n, -1n));
  });
});
