import { onnxTypes, toNumber, type OnnxGraph, type OnnxNode, type OnnxTensor } from '../onnx/onnx-proto.ts';
import { graphsOf } from './tensor-names.ts';

const INT64_BYTES = 8;

/**
 * A network that was exported for one picture has that one written into the shapes of its `Reshape` nodes, as in
 * [1, 85, -1]. A 0 there means "as many as come in", which for one picture is the same. Whether it is right for several
 * is not known here: the trial compares them with single pictures.
 */
export function freeReshapes(graph: OnnxGraph, prefix: string): void {
  const constants = findConstants(graph);
  const added: OnnxTensor[] = [];
  const left = new Set<string>();
  for (const node of graph.node) {
    const shape = toFixedShape(node, constants);
    if (!shape) continue;
    const name = `${prefix}${added.length}`;
    // A shape of its own: others may use the same constant for something else.
    added.push(toTensor(name, [0, ...shape.slice(1)]));
    const [data = '', before = ''] = node.input;
    left.add(before);
    node.input = [data, name];
  }
  graph.initializer = [...graph.initializer.filter(({ name }) => !left.has(name) || isUsed(graph, name)), ...added];
}

/** The engine warns of weights that nobody uses, each time that the network is loaded. */
const isUsed = (graph: OnnxGraph, name: string): boolean =>
  graphsOf(graph).some((part) => [...part.output, ...part.node.flatMap(({ input }) => input.map((used) => ({ name: used })))].some((used) => used.name === name)); // prettier-ignore

/** By name: weights, and what `Constant` nodes give. */
function findConstants(graph: OnnxGraph): ReadonlyMap<string, OnnxTensor | undefined> {
  const nodes = graph.node.filter(({ opType }) => opType === 'Constant');
  return new Map([
    ...graph.initializer.map((tensor) => [tensor.name, tensor] as const),
    ...nodes.map((node) => [node.output[0] ?? '', node.attribute?.find(({ t }) => t)?.t ?? undefined] as const),
  ]);
}

/** The shape that a `Reshape` of computed values gives, if it begins with a 1 that could be the batch. */
function toFixedShape(node: OnnxNode, constants: ReturnType<typeof findConstants>): readonly number[] | undefined {
  const [data = '', shape = ''] = node.input;
  const keepsZero = node.attribute?.some(({ name, i }) => name === 'allowzero' && toNumber(i ?? 0) === 1);
  if (node.opType !== 'Reshape' || keepsZero || constants.has(data)) return undefined;
  const values = toValues(constants.get(shape));
  return values.length > 1 && values[0] === 1 ? values : undefined;
}

function toValues(tensor: OnnxTensor | undefined): readonly number[] {
  if (tensor?.dataType !== onnxTypes.int64) return [];
  if (tensor.int64Data && tensor.int64Data.length > 0) return tensor.int64Data.map(toNumber);
  const bytes = tensor.rawData ?? new Uint8Array();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: Math.floor(bytes.byteLength / INT64_BYTES) }, (_, index) =>
    Number(view.getBigInt64(index * INT64_BYTES, true)),
  );
}

function toTensor(name: string, values: readonly number[]): OnnxTensor {
  const rawData = new Uint8Array(values.length * INT64_BYTES);
  const view = new DataView(rawData.buffer);
  values.forEach((value, index) => view.setBigInt64(index * INT64_BYTES, BigInt(value), true));
  return { name, dims: [values.length], dataType: onnxTypes.int64, rawData };
}
