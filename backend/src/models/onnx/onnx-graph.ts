import {
  attributeTypes,
  onnxTypes,
  type OnnxAttribute,
  type OnnxGraph,
  type OnnxModel,
  type OnnxNode,
  type OnnxTensor,
  type OnnxType,
  type OnnxValueInfo,
} from './onnx-proto.ts';

/** Numbers are integers (`ints` where listed), `{ float }` is a float, text is text. */
export type AttributeValue =
  number | readonly number[] | string | { readonly float: number } | { readonly graph: OnnxGraph };
export type Attributes = Readonly<Record<string, AttributeValue>>;
type Shape = readonly (number | string)[];

/** The operator set that the graphs are written in, and the file format version that came with it. */
const OPSET_VERSION = 17;
const IR_VERSION = 8;

/** Collects nodes, constants, inputs and outputs in the order they are added, so that the file is deterministic. */
export interface GraphBuilder {
  /** Adds a node with one output, and returns the output's name: the given one, or one made from the operator. */
  node(opType: string, inputs: readonly string[], attributes?: Attributes, output?: string): string;
  /** As `node`, for operators with several outputs. */
  nodeWithOutputs(opType: string, inputs: readonly string[], outputs: readonly string[], attributes?: Attributes): void;
  float32(name: string, dims: readonly number[], values: Float32Array): string;
  int64(name: string, values: readonly number[]): string;
  input(name: string, type: OnnxType, shape: Shape): string;
  output(name: string, type: OnnxType, shape: Shape): void;
  build(): OnnxModel;
}

/** `prefix` begins every name that is made up here, so that a graph can be joined to a foreign one. */
export function createGraphBuilder(
  graphName: string,
  { prefix = '' }: { readonly prefix?: string } = {},
): GraphBuilder {
  const graph: OnnxGraph = { name: graphName, node: [], initializer: [], input: [], output: [] };

  function push(opType: string, inputs: readonly string[], outputs: readonly string[], attributes: Attributes): void {
    const name = `${prefix}${opType}_${graph.node.length}`;
    const node: OnnxNode = { name, opType, input: [...inputs], output: [...outputs] };
    node.attribute = Object.entries(attributes).map(([name, value]) => toAttribute(name, value));
    graph.node.push(node);
  }

  function constant(tensor: OnnxTensor): string {
    graph.initializer.push(tensor);
    return tensor.name;
  }

  return {
    node(opType, inputs, attributes = {}, output = `${prefix}${opType.toLowerCase()}_${graph.node.length}`) {
      push(opType, inputs, [output], attributes);
      return output;
    },
    nodeWithOutputs: (opType, inputs, outputs, attributes = {}) => push(opType, inputs, outputs, attributes),
    float32: (name, dims, values) =>
      constant({ name, dims: [...dims], dataType: onnxTypes.float32, rawData: toLittleEndian(values) }),
    int64: (name, values) =>
      constant({
        name,
        dims: [values.length],
        dataType: onnxTypes.int64,
        rawData: toLittleEndian(BigInt64Array.from(values, BigInt)),
      }),
    input(name, type, shape) {
      graph.input.push(toValueInfo(name, type, shape));
      return name;
    },
    output: (name, type, shape) => void graph.output.push(toValueInfo(name, type, shape)),
    build: () => ({
      irVersion: IR_VERSION,
      producerName: 'nightjar',
      graph,
      opsetImport: [{ version: OPSET_VERSION }],
    }),
  };
}

/** Every machine that Nightjar's prebuilt parts exist for is little-endian, as `raw_data` is: no swapping. */
const toLittleEndian = (values: Float32Array | BigInt64Array): Uint8Array =>
  new Uint8Array(values.buffer, values.byteOffset, values.byteLength);

function toAttribute(name: string, value: AttributeValue): OnnxAttribute {
  if (typeof value === 'number') return { name, type: attributeTypes.int, i: value };
  if (typeof value === 'string') return { name, type: attributeTypes.string, s: new TextEncoder().encode(value) };
  if ('graph' in value) return { name, type: attributeTypes.graph, g: value.graph };
  if ('float' in value) return { name, type: attributeTypes.float, f: value.float };
  return { name, type: attributeTypes.ints, ints: [...value] };
}

/** A text in the shape names a free dimension, such as the batch. */
const toValueInfo = (name: string, type: OnnxType, shape: Shape): OnnxValueInfo => ({
  name,
  type: {
    tensorType: {
      elemType: onnxTypes[type],
      shape: { dim: shape.map((size) => (typeof size === 'string' ? { dimParam: size } : { dimValue: size })) },
    },
  },
});
