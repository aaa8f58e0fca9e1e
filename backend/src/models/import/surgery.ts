/**
 * Makes a foreign network take what Nightjar gives and give what Nightjar reads. In: `images`, uint8 [N, height, width,
 * 3] as RGB. Out: the names and types of the family's adapter. In between the network stays as it is, weights and all.
 */
import { createGraphBuilder, type GraphBuilder } from '../onnx/onnx-graph.ts';
import { onnxTypes, toNumber, type OnnxGraph, type OnnxModel } from '../onnx/onnx-proto.ts';
import { freeReshapes } from './free-batch.ts';
import type { NetworkFacts } from './network.ts';
import type { OutputPlan } from './outputs.ts';
import type { Preprocessing } from './preprocessing.ts';
import { findFreshNames, renameTensors } from './tensor-names.ts';

/** What is asked of the batch: any number of pictures, or one. */
export type BatchWish = 'free' | 'one';

export interface Surgery {
  readonly facts: NetworkFacts;
  readonly preprocessing: Preprocessing;
  readonly outputs: readonly OutputPlan[];
  readonly batch: BatchWish;
}

export const INPUT_NAME = 'images';
/** Begins the name of whatever is added. */
const PREFIX = 'nightjar_';
/** Before format version 4 weights had to be listed as inputs; since then that would keep them from being folded. */
const IR_VERSION_MIN = 4;

/** Operates on the model itself. Returns the operators that were put in front, in their order. */
export function operate(model: OnnxModel, surgery: Surgery): readonly string[] {
  const { graph } = model;
  const { facts, outputs, batch } = surgery;
  const canonical = new Set([INPUT_NAME, ...outputs.map(({ to }) => to)]);
  const fresh = findFreshNames(graph, (name) => canonical.has(name) || name.startsWith(PREFIX));
  renameTensors(graph, fresh);
  const nameOf = (name: string): string => fresh.get(name) ?? name;
  if (batch === 'free' && facts.batch !== undefined) freeReshapes(graph, `${PREFIX}shape_`);
  // They would contradict the new batch; the engine infers them anew.
  graph.valueInfo = [];
  model.irVersion = Math.max(IR_VERSION_MIN, toNumber(model.irVersion));
  const front = buildFront(surgery, nameOf);
  addFront(graph, front.graph);
  addBack(graph, surgery, nameOf);
  return front.operators;
}

function buildFront({ facts, preprocessing, batch }: Surgery, nameOf: (name: string) => string) {
  const onnx = createGraphBuilder('front', { prefix: PREFIX });
  const { width, height } = facts.size;
  onnx.input(INPUT_NAME, 'uint8', [toBatchSize(batch), height, width, 3]);
  addPreprocessing(onnx, preprocessing, { to: nameOf(facts.image.name), type: facts.image.type });
  const { graph } = onnx.build();
  const operators = graph.node.map(({ opType }) => opType);
  if (facts.sizes) addTargetSizes(onnx, facts, nameOf(facts.sizes.name));
  return { graph, operators };
}

type Step = readonly [opType: string, more: readonly string[], attributes: Parameters<GraphBuilder['node']>[2]];

/** Scale, mean and deviation are folded into one multiplication and one addition, where they do anything at all. */
function addPreprocessing(onnx: GraphBuilder, how: Preprocessing, { to, type }: { to: string; type: number }): void {
  const { channels, scale, mean, std } = how;
  const factor = std.map((deviation) => scale / deviation);
  const offset = std.map((deviation, index) => -(mean[index] ?? 0) / deviation);
  const perChannel = (name: string, values: readonly number[]): string =>
    onnx.float32(`${PREFIX}${name}`, [3, 1, 1], Float32Array.from(channels === 'bgr' ? values.toReversed() : values));
  const steps: Step[] = [
    ['Cast', [], { to: onnxTypes.float32 }],
    ['Transpose', [], { perm: [0, 3, 1, 2] }],
  ];
  if (channels === 'bgr') steps.push(['Gather', [onnx.int64(`${PREFIX}bgr`, [2, 1, 0])], { axis: 1 }]);
  if (factor.some((value) => value !== 1)) steps.push(['Mul', [perChannel('factor', factor)], {}]);
  if (offset.some((value) => value !== 0)) steps.push(['Add', [perChannel('offset', offset)], {}]);
  if (type !== onnxTypes.float32) steps.push(['Cast', [], { to: type }]);
  steps.reduce(
    (from, [opType, more, attributes], index) =>
      onnx.node(opType, [from, ...more], attributes, index === steps.length - 1 ? to : undefined),
    INPUT_NAME,
  );
}

/** The size that boxes are scaled to, for each picture: that of the input, so that boxes come in input pixels. */
function addTargetSizes(onnx: GraphBuilder, { size, sizes }: NetworkFacts, to: string): void {
  const shape = onnx.node('Shape', [INPUT_NAME]);
  const batch = onnx.node('Gather', [shape, onnx.int64(`${PREFIX}first`, [0])]);
  const target = onnx.node('Concat', [batch, onnx.int64(`${PREFIX}two`, [2])], { axis: 0 });
  const expanded = onnx.node('Expand', [onnx.int64(`${PREFIX}size`, [size.width, size.height]), target]);
  onnx.node('Cast', [expanded], { to: sizes?.type ?? onnxTypes.int64 }, to);
}

function addFront(graph: OnnxGraph, front: OnnxGraph): void {
  graph.node = [...front.node, ...graph.node];
  graph.initializer = [...graph.initializer, ...front.initializer];
  graph.input = front.input;
}

/** Names the outputs as the adapter knows them, casts where types differ, and drops the rest. */
function addBack(graph: OnnxGraph, { outputs, batch }: Surgery, nameOf: (name: string) => string): void {
  const onnx = createGraphBuilder('back', { prefix: `${PREFIX}out_` });
  for (const { from, to, type, needsCast, dims } of outputs) {
    if (needsCast) onnx.node('Cast', [nameOf(from)], { to: onnxTypes[type] }, to);
    else renameTensors(graph, new Map([[nameOf(from), to]]));
    // Unknown sizes get names of their own: equal names would mean equal sizes.
    onnx.output(to, type, (dims ?? []).map((size, index) => (index === 0 ? toBatchSize(batch) : (size ?? `${to}_${index}`)))); // prettier-ignore
  }
  const back = onnx.build().graph;
  graph.node = [...graph.node, ...back.node];
  graph.output = back.output.map((output, index) => {
    // A shape that nobody knew is left out, which is not the same as an empty one.
    if (outputs[index]?.dims === undefined && output.type?.tensorType) output.type.tensorType.shape = null;
    return output;
  });
}

const toBatchSize = (batch: BatchWish): 'N' | 1 => (batch === 'free' ? 'N' : 1);
