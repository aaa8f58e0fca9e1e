/**
 * The part of the ONNX file format (onnx.proto3, protocol buffers) that Nightjar writes and edits. Fields that are not
 * listed here survive a decode and encode untouched: protobufjs carries unknown fields along when told to.
 */
import protobuf from 'protobufjs';
import { NightjarError } from '../../lib/errors.ts';

/** `TensorProto.DataType` */
export const onnxTypes = { float32: 1, uint8: 2, int32: 6, int64: 7, bool: 9, float16: 10, float64: 11 } as const;
export type OnnxType = keyof typeof onnxTypes;

/** `AttributeProto.AttributeType` */
export const attributeTypes = { float: 1, int: 2, string: 3, tensor: 4, graph: 5, floats: 6, ints: 7 } as const;

/**
 * 64-bit integers come out of `decodeOnnx` as Long objects, lists that the file leaves out as one frozen empty list, and
 * messages that it leaves out as null.
 */
export type Int64 = number | { toString(): string };
export const toNumber = (value: Int64): number => Number(String(value));

export interface OnnxAttribute {
  name: string;
  type: number;
  f?: number;
  i?: Int64;
  s?: Uint8Array;
  t?: OnnxTensor | null;
  /** A graph inside the graph: the branches of `If`, the body of `Loop`. */
  g?: OnnxGraph | null;
  floats?: number[];
  ints?: Int64[];
  graphs?: OnnxGraph[];
}
export interface OnnxNode {
  name?: string;
  opType: string;
  domain?: string;
  input: string[];
  output: string[];
  attribute?: OnnxAttribute[];
}
export interface OnnxTensor {
  name: string;
  dims: Int64[];
  dataType: number;
  /** 64-bit values may be here instead of in `rawData`. */
  int64Data?: Int64[];
  /** Little-endian, row-major. */
  rawData?: Uint8Array;
  /** 1: the values lie in another file. */
  dataLocation?: number;
}
export interface OnnxDimension {
  dimValue?: Int64;
  dimParam?: string;
}
export interface OnnxValueInfo {
  name: string;
  type?: { tensorType?: { elemType?: number; shape?: { dim?: OnnxDimension[] } | null } | null } | null;
}
export interface OnnxGraph {
  name: string;
  node: OnnxNode[];
  initializer: OnnxTensor[];
  input: OnnxValueInfo[];
  output: OnnxValueInfo[];
  /** What the exporter knew of the tensors between; a hint. */
  valueInfo?: OnnxValueInfo[];
  quantizationAnnotation?: { tensorName?: string }[];
  sparseInitializer?: { values?: OnnxTensor | null }[];
}
export interface OnnxModel {
  irVersion: Int64;
  producerName?: string;
  graph: OnnxGraph;
  opsetImport: { domain?: string; version: Int64 }[];
}

type Field = readonly [id: number, type: string, rule?: 'repeated'];
const message = (fields: Readonly<Record<string, Field>>): protobuf.IType => ({
  fields: Object.fromEntries(
    Object.entries(fields).map(([name, [id, type, rule]]) => [name, rule ? { id, type, rule } : { id, type }]),
  ),
});

const root = protobuf.Root.fromJSON({
  nested: {
    ModelProto: message({
      irVersion: [1, 'int64'],
      producerName: [2, 'string'],
      graph: [7, 'GraphProto'],
      opsetImport: [8, 'OperatorSetIdProto', 'repeated'],
    }),
    OperatorSetIdProto: message({ domain: [1, 'string'], version: [2, 'int64'] }),
    GraphProto: message({
      node: [1, 'NodeProto', 'repeated'],
      name: [2, 'string'],
      initializer: [5, 'TensorProto', 'repeated'],
      input: [11, 'ValueInfoProto', 'repeated'],
      output: [12, 'ValueInfoProto', 'repeated'],
      valueInfo: [13, 'ValueInfoProto', 'repeated'],
      quantizationAnnotation: [14, 'TensorAnnotation', 'repeated'],
      sparseInitializer: [15, 'SparseTensorProto', 'repeated'],
    }),
    TensorAnnotation: message({ tensorName: [1, 'string'] }),
    SparseTensorProto: message({ values: [1, 'TensorProto'] }),
    NodeProto: message({
      input: [1, 'string', 'repeated'],
      output: [2, 'string', 'repeated'],
      name: [3, 'string'],
      opType: [4, 'string'],
      attribute: [5, 'AttributeProto', 'repeated'],
      domain: [7, 'string'],
    }),
    AttributeProto: message({
      name: [1, 'string'],
      f: [2, 'float'],
      i: [3, 'int64'],
      s: [4, 'bytes'],
      t: [5, 'TensorProto'],
      g: [6, 'GraphProto'],
      floats: [7, 'float', 'repeated'],
      ints: [8, 'int64', 'repeated'],
      graphs: [11, 'GraphProto', 'repeated'],
      type: [20, 'int32'],
    }),
    TensorProto: message({
      dims: [1, 'int64', 'repeated'],
      dataType: [2, 'int32'],
      int64Data: [7, 'int64', 'repeated'],
      name: [8, 'string'],
      rawData: [9, 'bytes'],
      dataLocation: [14, 'int32'],
    }),
    ValueInfoProto: message({ name: [1, 'string'], type: [2, 'TypeProto'] }),
    TypeProto: message({ tensorType: [1, 'TensorTypeProto'] }),
    TensorTypeProto: message({ elemType: [1, 'int32'], shape: [2, 'TensorShapeProto'] }),
    TensorShapeProto: message({ dim: [1, 'DimensionProto', 'repeated'] }),
    DimensionProto: message({ dimValue: [1, 'int64'], dimParam: [2, 'string'] }),
  },
});
const modelProto = root.lookupType('ModelProto');

/** The bytes of a `.onnx` file; the same model gives the same bytes, always. */
export function encodeOnnx(model: OnnxModel): Uint8Array {
  return modelProto.encode(model).finish();
}

type DecodedModel = Omit<OnnxModel, 'graph'> & { graph: OnnxGraph | null };
// The very object is handed on: a copy would lose the unknown fields that hang on it out of sight.
const hasGraph = (model: DecodedModel): model is OnnxModel => model.graph !== null;

/** Throws `invalid` for what is not an ONNX model. */
export function decodeOnnx(bytes: Uint8Array): OnnxModel {
  try {
    const reader = protobuf.Reader.create(bytes);
    reader.discardUnknown = false;
    const model = modelProto.decode(reader) as unknown as DecodedModel;
    if (hasGraph(model)) return model;
  } catch (cause) {
    throw new NightjarError('invalid', 'not an ONNX model: the file cannot be decoded', { cause });
  }
  throw new NightjarError('invalid', 'not an ONNX model: it has no graph');
}
