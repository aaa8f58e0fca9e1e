/** Reads from a foreign network what the import needs to know, and refuses with plain words what it cannot take. */
import { NightjarError } from '../../lib/errors.ts';
import { onnxTypes, toNumber, type OnnxGraph, type OnnxModel, type OnnxValueInfo } from '../onnx/onnx-proto.ts';
import { graphsOf } from './tensor-names.ts';

/** Of ONNX's own operators. Below, `Resize` and others mean something else; above is what ONNX Runtime 1.30 refuses. */
const OPSET_MIN = 11;
const OPSET_MAX = 26;
/** The format version that ONNX Runtime 1.30 reads. */
const IR_VERSION_MAX = 13;

/** A number, or undefined where the file leaves it open. */
export type Dimension = number | undefined;

export interface TensorFacts {
  readonly name: string;
  readonly type: number;
  /** Undefined where the file says nothing of it. */
  readonly dims: readonly Dimension[] | undefined;
}

export interface NetworkFacts {
  readonly opset: number;
  readonly image: TensorFacts;
  /** Undefined if the file leaves it open. */
  readonly batch: Dimension;
  readonly size: { readonly width: number; readonly height: number };
  /** The input `orig_target_sizes`, if there is one. */
  readonly sizes: TensorFacts | undefined;
  readonly outputs: readonly TensorFacts[];
}

const fail = (message: string): never => {
  throw new NightjarError('invalid', message);
};

/** Throws `invalid` for a network that cannot be imported. `size` is for networks that leave theirs open. */
export function examineNetwork(
  model: OnnxModel,
  options: { readonly size?: { readonly width: number; readonly height: number } | undefined },
): NetworkFacts {
  const opset = readOpset(model);
  refuseExternalData(model.graph);
  const { image, sizes } = findInputs(model.graph);
  const [batch, channels, height, width] = image.dims ?? [];
  if (image.dims?.length !== 4 || (channels ?? 3) !== 3)
    return fail(`the input ${tell(image)} is no picture: [N, 3, height, width] is wanted${isNhwc(image) ? ', not NHWC' : ''}`); // prettier-ignore
  if (image.type !== onnxTypes.float32 && image.type !== onnxTypes.float16)
    return fail(`the input ${tell(image)} is of a type that cannot be fed: float32 or float16 is wanted`);
  const size = { width: settle('wide', width, options.size?.width), height: settle('high', height, options.size?.height) }; // prettier-ignore
  return { opset, image, batch, size, sizes, outputs: model.graph.output.map(toFacts) };
}

function readOpset(model: OnnxModel): number {
  const own = model.opsetImport.find(({ domain }) => domain === undefined || domain === '' || domain === 'ai.onnx');
  const opset = own ? toNumber(own.version) : 0;
  const ir = toNumber(model.irVersion);
  if (opset < OPSET_MIN || opset > OPSET_MAX)
    return fail(`opset ${opset} is not supported: export with one from ${OPSET_MIN} to ${OPSET_MAX}`);
  if (ir > IR_VERSION_MAX) return fail(`ONNX format version ${ir} is newer than ${IR_VERSION_MAX}, the last known one`);
  return opset;
}

function refuseExternalData(graph: OnnxGraph): void {
  const tensors = graphsOf(graph).flatMap((part) => [
    ...part.initializer,
    ...part.node.flatMap((node) => node.attribute ?? []).flatMap(({ t }) => t ?? []),
  ]);
  const away = tensors.find(({ dataLocation }) => dataLocation === 1);
  if (away)
    fail(`the weights lie in another file (${away.name}): external data is not supported, export to a single file`);
}

function findInputs(graph: OnnxGraph): { image: TensorFacts; sizes: TensorFacts | undefined } {
  // Up to format version 3 the weights are listed among the inputs too.
  const weights = new Set(graph.initializer.map(({ name }) => name));
  const inputs = graph.input.filter(({ name }) => !weights.has(name)).map(toFacts);
  const sizes = inputs.find(({ name }) => /^(orig_)?target_sizes?$/.test(name));
  const others = inputs.filter((input) => input !== sizes);
  const [image] = others;
  if (!image) return fail('the network has no input for a picture');
  if (others.length > 1) return fail(`the network has inputs that nobody here knows how to fill: ${others.map(tell).join(', ')}`); // prettier-ignore
  return { image, sizes };
}

export function toFacts({ name, type }: OnnxValueInfo): TensorFacts {
  const dims = type?.tensorType?.shape?.dim?.map(({ dimValue, dimParam }): Dimension => {
    const size = dimValue === undefined || dimParam ? 0 : toNumber(dimValue);
    return size > 0 ? size : undefined; // exporters write 0 and -1 for "open"
  });
  return { name, type: type?.tensorType?.elemType ?? 0, dims: type?.tensorType?.shape ? (dims ?? []) : undefined };
}

const isNhwc = ({ dims }: TensorFacts): boolean => dims?.length === 4 && dims[3] === 3;

/** As in `images float32 [N, 3, 640, 640]`. */
export function tell({ name, type, dims }: TensorFacts): string {
  const known = Object.entries(onnxTypes).find(([, value]) => value === type)?.[0] ?? `type ${type}`;
  return `${name} ${known} [${dims?.map((size) => size ?? '?').join(', ') ?? '...'}]`;
}

function settle(which: 'wide' | 'high', known: Dimension, wanted: number | undefined): number {
  if (known === undefined && wanted === undefined)
    return fail(`the network does not say how ${which} its input is: give --size WIDTHxHEIGHT, as it was trained`);
  if (known !== undefined && wanted !== undefined && known !== wanted)
    return fail(`the network's input is ${known} pixels ${which}, not ${wanted}`);
  return known ?? wanted ?? 0;
}
