/** Networks for tests: RT-DETR and YOLOX by their inputs and outputs, with answers that are known beforehand. */
import { createGraphBuilder, type GraphBuilder } from './onnx/onnx-graph.ts';
import { encodeOnnx, onnxTypes, type OnnxModel } from './onnx/onnx-proto.ts';

export interface TestInput {
  readonly width: number;
  readonly height: number;
  /** Free unless it is a number. */
  readonly batch?: number | 'N';
  readonly type?: 'float32' | 'float16';
}

export interface RtdetrAnswers {
  /** [queries][classes] */
  readonly logits: readonly (readonly number[])[];
  /** [queries] centre x, centre y, width, height, in 0..1 of the input. */
  readonly boxes: readonly (readonly number[])[];
}

const toBatch = ({ batch = 'N' }: TestInput) => batch;
const flat = (rows: readonly (readonly number[])[]): Float32Array => Float32Array.from(rows.flat());

/** An RT-DETR network that gives these logits and boxes for every picture of the batch, whatever is in it. */
export function buildRtdetr(answers: RtdetrAnswers, input: TestInput): Uint8Array {
  const onnx = begin(input);
  const [queries, classes] = [answers.logits.length, answers.logits[0]?.length ?? 0];
  const each = (name: string, width: number, values: Float32Array, output: string): string =>
    repeat(onnx, onnx.float32(name, [1, queries, width], values), [queries, width], output);
  finish(onnx, each('known_logits', classes, flat(answers.logits), 'all_logits'), 'logits', [toBatch(input), queries, classes], input); // prettier-ignore
  finish(onnx, each('known_boxes', 4, flat(answers.boxes), 'all_boxes'), 'pred_boxes', [toBatch(input), queries, 4], input); // prettier-ignore
  return encodeOnnx(onnx.build());
}

export interface DecodedAnswers {
  /** [queries] x1, y1, x2, y2, in 0..1 of whatever `orig_target_sizes` says. */
  readonly boxes: readonly (readonly number[])[];
  readonly scores: readonly number[];
  readonly labels: readonly number[];
}

/** As RT-DETR's own export: a second input `orig_target_sizes` (width, height), and outputs with decoded boxes. */
export function buildDecodedRtdetr({ boxes, scores, labels }: DecodedAnswers, input: TestInput): Uint8Array {
  const onnx = begin(input);
  const [batch, queries] = [toBatch(input), scores.length];
  onnx.input('orig_target_sizes', 'int64', [batch, 2]);
  const sizes = onnx.node('Cast', ['orig_target_sizes'], { to: onnxTypes.float32 });
  const four = onnx.node('Unsqueeze', [onnx.node('Concat', [sizes, sizes], { axis: 1 }), onnx.int64('query_axis', [1])]); // prettier-ignore
  const relative = onnx.float32('relative', [1, queries, 4], flat(boxes));
  finish(onnx, onnx.node('Mul', [relative, four]), 'boxes', [batch, queries, 4], input);
  const known = onnx.float32('known_scores', [1, queries], Float32Array.from(scores));
  finish(onnx, repeat(onnx, known, [queries], 'all_scores'), 'scores', [batch, queries], input);
  const numbers = onnx.float32('known_labels', [1, queries], Float32Array.from(labels));
  onnx.node('Cast', [repeat(onnx, numbers, [queries], 'all_labels')], { to: onnxTypes.int64 }, 'labels');
  onnx.output('labels', 'int64', [batch, queries]);
  return encodeOnnx(onnx.build());
}

/**
 * An RT-DETR network of one query and three classes that tells what it was fed: as logits the mean of each channel, as
 * boxes the values at four places of the flat [3, height, width] input. `look` may put something in between, and names
 * the tensor to look at.
 */
export function buildProbe(
  input: TestInput,
  places: readonly number[],
  look: (onnx: GraphBuilder) => string = () => 'values',
): OnnxModel {
  const onnx = begin(input);
  const seen = look(onnx);
  const batch = toBatch(input);
  const means = onnx.node('ReduceMean', [seen], { axes: [2, 3], keepdims: 0 }, 'means');
  const query = onnx.int64('query_axis', [1]);
  finish(onnx, onnx.node('Unsqueeze', [means, query]), 'logits', [batch, 1, 3], input);
  const row = onnx.node('Reshape', [seen, onnx.int64('flat_shape', [batch === 'N' ? 0 : batch, -1])]);
  const picked = onnx.node('Gather', [row, onnx.int64('places', places)], { axis: 1 }, 'picked');
  finish(onnx, onnx.node('Unsqueeze', [picked, query]), 'pred_boxes', [batch, 1, 4], input);
  return onnx.build();
}

/** A YOLOX network of two classes: every cell gives these numbers, and the objectness is the mean of the picture / 255. */
export function buildYolox(input: TestInput, cell: readonly [number, number, number, number]): Uint8Array {
  const onnx = begin(input);
  const cells = [8, 16, 32].reduce((sum, stride) => sum + (input.width / stride) * (input.height / stride), 0);
  const mean = onnx.node('ReduceMean', ['values'], { axes: [1, 2, 3], keepdims: 0 });
  const share = onnx.node('Div', [mean, onnx.float32('white', [], Float32Array.of(255))]);
  const objectness = onnx.node('Reshape', [share, onnx.int64('column', [-1, 1, 1])]);
  const wide = onnx.node('Expand', [objectness, onnx.int64('grid_shape', [1, cells, 1])]);
  const before = repeat(onnx, onnx.float32('cell', [1, 1, 4], Float32Array.from(cell)), [cells, 4], 'all_cells');
  const after = repeat(onnx, onnx.float32('classes', [1, 1, 2], Float32Array.of(0.25, 1)), [cells, 2], 'all_classes');
  finish(onnx, onnx.node('Concat', [before, wide, after], { axis: 2 }), 'output', [toBatch(input), cells, 7], input);
  return encodeOnnx(onnx.build());
}

/** A loop that nobody could wait for, over a float tensor of this shape; returns the name of what would come out. */
export function turnForEver(onnx: GraphBuilder, from: string, shape: readonly (number | string)[]): string {
  const body = createGraphBuilder('body', { prefix: 'body_' });
  body.input('round', 'int64', []);
  body.input('go', 'bool', []);
  body.input('carried', 'float32', shape);
  body.node('Identity', ['go'], {}, 'go_on');
  body.node('Sin', ['carried'], {}, 'turned');
  body.output('go_on', 'bool', []);
  body.output('turned', 'float32', shape);
  const rounds = onnx.node('Squeeze', [onnx.int64('rounds', [2 ** 50])]);
  const always = onnx.node('Cast', [rounds], { to: onnxTypes.bool });
  return onnx.node('Loop', [rounds, always, from], { body: { graph: body.build().graph } });
}

/** The picture's input, and `values`: the same as float32. */
function begin(input: TestInput): GraphBuilder {
  const onnx = createGraphBuilder('test');
  const { type = 'float32', width, height } = input;
  onnx.input('pixel_values', type, [toBatch(input), 3, height, width]);
  onnx.node('Cast', ['pixel_values'], { to: onnxTypes.float32 }, 'values');
  return onnx;
}

/** A constant [1, ...] for each picture. */
function repeat(onnx: GraphBuilder, constant: string, shape: readonly number[], output: string): string {
  const first = onnx.int64(`${output}_first`, [0]);
  const batch = onnx.node('Gather', [onnx.node('Shape', ['values']), first]);
  const whole = onnx.node('Concat', [batch, onnx.int64(`${output}_shape`, shape)], { axis: 0 });
  return onnx.node('Expand', [constant, whole], {}, output);
}

/** Outputs come in the type of the input, as half-precision exports have it. */
function finish(
  onnx: GraphBuilder,
  from: string,
  name: string,
  shape: readonly (number | string)[],
  { type = 'float32' }: TestInput,
): void {
  // prettier-ignore

  onnx.node('Cast', [from], { to: onnxTypes[type] }, name);
  onnx.output(name, type, shape);
}
