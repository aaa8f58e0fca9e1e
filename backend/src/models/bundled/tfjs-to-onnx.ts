import { NightjarError } from '../../lib/errors.ts';
import type { Attributes, GraphBuilder } from '../onnx/onnx-graph.ts';
import type { TfjsGraph, TfjsNode, TfjsWeight } from './tfjs-graph.ts';

/** What an operator's conversion may ask for while it adds its nodes. */
interface Scope {
  readonly onnx: GraphBuilder;
  /** The ONNX name of another node's result or of a scalar constant, converted first if it was not yet. */
  readonly value: (name: string) => string;
  readonly weight: (name: string | undefined) => TfjsWeight;
}
type Convert = (node: TfjsNode, scope: Scope) => string;

/**
 * Copies the part of a TensorFlow.js graph that `outputs` depend on into an ONNX graph, and returns the outputs' ONNX
 * names. TensorFlow counts images as NHWC, ONNX as NCHW: weights, axes and kernels are turned here, once, so that the
 * result has no transposes. `inputs` maps placeholders to ONNX values that are already NCHW.
 */
export function convertGraph(options: {
  readonly graph: TfjsGraph;
  readonly onnx: GraphBuilder;
  readonly inputs: Readonly<Record<string, string>>;
  readonly outputs: readonly string[];
}): readonly string[] {
  const { graph, onnx } = options;
  const nodes = new Map(graph.nodes.map((node) => [node.name, node]));
  const converted = new Map(Object.entries(options.inputs));
  const scope: Scope = {
    onnx,
    value: (name) => converted.get(name) ?? remember(name, convertValue(name)),
    weight: (name) => findWeight(graph, name),
  };

  function remember(name: string, value: string): string {
    converted.set(name, value);
    return value;
  }

  function convertValue(name: string): string {
    const node = nodes.get(name);
    if (!node) throw new NightjarError('invalid', `the graph has no node ${name}`);
    const convert = operators.get(node.op);
    if (!convert) throw new NightjarError('invalid', `operator ${node.op} of ${name} cannot be converted`);
    return convert(node, scope);
  }

  return options.outputs.map(scope.value);
}

const operators: ReadonlyMap<string, Convert> = new Map<string, Convert>([
  ['Const', toScalar],
  ['Conv2D', toConv(turnKernel)],
  ['_FusedConv2D', toConv(turnKernel)],
  ['DepthwiseConv2dNative', toConv(turnDepthwiseKernel)],
  ['FusedDepthwiseConv2dNative', toConv(turnDepthwiseKernel)],
  ['Add', rename('Add')],
  ['Mul', rename('Mul')],
  ['Relu', rename('Relu')],
  ['Sigmoid', rename('Sigmoid')],
  ['Identity', (node, { value }) => value(inputOf(node, 0))],
  ['Relu6', toClip],
  ['Mean', toGlobalAverage],
  ['ConcatV2', toConcat],
  ['ResizeBilinear', toResize],
]);

function rename(opType: string): Convert {
  return (node, { onnx, value }) => onnx.node(opType, node.inputs.map(value), {}, node.name);
}

function toScalar(node: TfjsNode, { onnx, weight }: Scope): string {
  const { shape, values } = weight(node.name);
  check(node, shape.length === 0 && values instanceof Float32Array, 'only scalar constants are converted');
  return onnx.float32(node.name, [], Float32Array.from(values));
}

interface Kernel {
  readonly dims: readonly number[];
  readonly values: Float32Array;
  readonly group: number;
}

/** Convolution, with the bias and activation that TensorFlow may have fused into it. */
function toConv(turn: (weight: TfjsWeight) => Kernel): Convert {
  return (node, { onnx, value, weight }) => {
    check(node, node.text('data_format') === 'NHWC', 'only NHWC is converted');
    check(
      node,
      node.integers('dilations').every((size) => size === 1),
      'dilation is not converted',
    );
    const fused = node.texts('fused_ops');
    const kernel = turn(weight(node.inputs[1]));
    const inputs = [value(inputOf(node, 0)), onnx.float32(`${node.name}/kernel`, kernel.dims, kernel.values)];
    if (fused[0] === 'BiasAdd') inputs.push(toBias(node, onnx, weight(node.inputs[2])));
    return activate(node, onnx, onnx.node('Conv', inputs, toConvAttributes(node, kernel), `${node.name}/conv`));
  };
}

const toBias = (node: TfjsNode, onnx: GraphBuilder, { shape, values }: TfjsWeight): string =>
  onnx.float32(`${node.name}/bias`, shape, Float32Array.from(values));

/** TensorFlow pads `SAME` by the odd pixel at the lower right, which is ONNX's `SAME_UPPER`. */
function toConvAttributes(node: TfjsNode, kernel: Kernel): Attributes {
  return {
    auto_pad: node.text('padding') === 'SAME' ? 'SAME_UPPER' : 'VALID',
    group: kernel.group,
    kernel_shape: kernel.dims.slice(2),
    strides: node.integers('strides').slice(1, 3),
  };
}

function activate(node: TfjsNode, onnx: GraphBuilder, conv: string): string {
  const activations = node.texts('fused_ops').filter((name) => name !== 'BiasAdd');
  if (activations.length === 0) return conv;
  check(node, activations.join() === 'Relu', `activation ${activations.join()} is not converted`);
  return onnx.node('Relu', [conv], {}, node.name);
}

/** HWIO to OIHW. */
function turnKernel({ shape, values }: TfjsWeight): Kernel {
  const [height = 1, width = 1, inputs = 1, outputs = 1] = shape;
  return { dims: [outputs, inputs, height, width], values: turn(values, height * width, inputs, outputs), group: 1 };
}

/** HWC1 to C1HW: each channel has its own kernel. */
function turnDepthwiseKernel({ shape, values }: TfjsWeight): Kernel {
  const [height = 1, width = 1, channels = 1, multiplier = 1] = shape;
  if (multiplier !== 1)
    throw new NightjarError('invalid', 'depthwise convolutions with a multiplier are not converted');
  return {
    dims: [channels, 1, height, width],
    values: turn(values, height * width, 1, channels),
    group: channels,
  };
}

/** [cells][inputs][outputs] to [outputs][inputs][cells]. */
function turn(values: ArrayLike<number>, cells: number, inputs: number, outputs: number): Float32Array {
  const turned = new Float32Array(cells * inputs * outputs);
  for (let cell = 0; cell < cells; cell++)
    for (let input = 0; input < inputs; input++)
      for (let output = 0; output < outputs; output++)
        turned[(output * inputs + input) * cells + cell] = values[(cell * inputs + input) * outputs + output] ?? 0;
  return turned;
}

function toClip(node: TfjsNode, { onnx, value }: Scope): string {
  const limits = [0, 6].map((limit) => onnx.float32(`${node.name}/${limit}`, [], Float32Array.of(limit)));
  return onnx.node('Clip', [value(inputOf(node, 0)), ...limits], {}, node.name);
}

function toGlobalAverage(node: TfjsNode, { onnx, value, weight }: Scope): string {
  const axes = [...weight(node.inputs[1]).values].join();
  check(node, axes === '1,2' && node.flag('keep_dims'), 'only the mean over height and width is converted');
  return onnx.node('GlobalAveragePool', [value(inputOf(node, 0))], {}, node.name);
}

function toConcat(node: TfjsNode, { onnx, value, weight }: Scope): string {
  check(node, weight(node.inputs.at(-1)).values[0] === 3, 'only channels can be joined');
  return onnx.node('Concat', node.inputs.slice(0, -1).map(value), { axis: 1 }, node.name);
}

/** Keras's `UpSampling2D`: twice the size. TensorFlow's old corner rule is ONNX's `asymmetric`. */
function toResize(node: TfjsNode, { onnx, value }: Scope): string {
  check(node, node.name.includes('/up_sampling2d'), 'only doubling is converted');
  check(node, !node.flag('align_corners') && !node.flag('half_pixel_centers'), 'unknown corner rule');
  const scales = onnx.float32(`${node.name}/scales`, [4], Float32Array.of(1, 1, 2, 2));
  const attributes = { mode: 'linear', coordinate_transformation_mode: 'asymmetric' };
  return onnx.node('Resize', [value(inputOf(node, 0)), '', scales], attributes, node.name);
}

function findWeight(graph: TfjsGraph, name: string | undefined): TfjsWeight {
  const weight = graph.weights.get(name ?? '');
  if (!weight) throw new NightjarError('invalid', `the graph has no weight ${name ?? '(unnamed)'}`);
  return weight;
}

function inputOf(node: TfjsNode, index: number): string {
  const input = node.inputs[index];
  if (input === undefined) throw new NightjarError('invalid', `${node.name} has no input ${index}`);
  return input;
}

function check(node: TfjsNode, holds: boolean, fault: string): void {
  if (!holds) throw new NightjarError('invalid', `${node.op} ${node.name}: ${fault}`);
}
