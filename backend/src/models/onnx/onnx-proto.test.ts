import { expect, test } from 'vitest';
import { createGraphBuilder } from './onnx-graph.ts';
import { decodeOnnx, encodeOnnx } from './onnx-proto.ts';

function buildSmall(): Uint8Array {
  const onnx = createGraphBuilder('small');
  onnx.input('x', 'uint8', ['N', 3]);
  onnx.node('Clip', ['x', onnx.float32('low', [], Float32Array.of(0.5))], { axis: -1, mode: 'linear' }, 'y');
  onnx.output('y', 'float32', ['N', 3]);
  return encodeOnnx(onnx.build());
}

test('what is written can be read', () => {
  const { graph, opsetImport } = decodeOnnx(buildSmall());
  expect(String(opsetImport[0]?.version)).toBe('17');
  expect(graph.node[0]).toMatchObject({ opType: 'Clip', input: ['x', 'low'], output: ['y'] });
  expect(String(graph.node[0]?.attribute?.[0]?.i)).toBe('-1');
  expect(graph.input[0]?.type?.tensorType?.shape?.dim?.map((dim) => dim.dimParam)).toContain('N');
  expect(graph.initializer[0]?.rawData).toHaveLength(4);
});

test('the same graph gives the same bytes', () => {
  expect(buildSmall()).toEqual(buildSmall());
});

test('fields that are not in our schema survive an edit', () => {
  // Field 6 (doc_string), wire type 2, five bytes: a foreign exporter's note.
  const foreign = Buffer.concat([buildSmall(), Buffer.from([0x32, 5]), Buffer.from('hello')]);
  const model = decodeOnnx(foreign);
  model.graph.name = 'renamed';
  const edited = encodeOnnx(model);
  expect(Buffer.from(edited).includes('hello')).toBe(true);
  expect(decodeOnnx(edited).graph.name).toBe('renamed');
});

test.each([
  ['noise', Buffer.from('\xff\xffnot a protocol buffer', 'latin1')],
  ['nothing', Buffer.alloc(0)],
  ['half a file', buildSmall().subarray(0, 60)],
])('%s is refused as invalid', (_name, bytes) => {
  expect(() => decodeOnnx(bytes)).toThrow(expect.objectContaining({ kind: 'invalid' }));
});
