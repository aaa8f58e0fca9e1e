/** Finds, among a network's outputs, those that the family's adapter reads, and what has to be done to them. */
import { NightjarError } from '../../lib/errors.ts';
import { onnxTypes } from '../onnx/onnx-proto.ts';
import { tell, type NetworkFacts, type TensorFacts } from './network.ts';
import type { ImportedFamily } from './preprocessing.ts';

/** One output as the adapter reads it. */
export interface OutputPlan {
  /** Its name in the network, and the one that the adapter knows it by. */
  readonly from: string;
  readonly to: string;
  readonly type: 'float32' | 'int32';
  readonly needsCast: boolean;
  readonly dims: TensorFacts['dims'];
}

/** YOLOX' feature maps have a cell for each 8, 16 and 32 pixels. */
const STRIDES = [8, 16, 32] as const;
const FIELDS_BEFORE_CLASSES = 5;
const LARGEST_STRIDE = 32;

const floats: readonly number[] = [onnxTypes.float32, onnxTypes.float16, onnxTypes.float64];
const isFloat = ({ type }: TensorFacts): boolean => floats.includes(type);
const hasForm = ({ dims }: TensorFacts, rank: number, last?: number): boolean =>
  dims === undefined || (dims.length === rank && (last === undefined || (dims[rank - 1] ?? last) === last));

/** Throws `invalid`, with what was found, when the outputs are not those of the family. */
export function planOutputs(facts: NetworkFacts, family: ImportedFamily, classes: number): readonly OutputPlan[] {
  return family === 'yolox' ? planYolox(facts, classes) : planRtdetr(facts, classes);
}

export const cellCount = ({ width, height }: NetworkFacts['size']): number =>
  STRIDES.reduce((sum, stride) => sum + (width / stride) * (height / stride), 0);

function planYolox({ outputs, size }: NetworkFacts, classes: number): readonly OutputPlan[] {
  const found = outputs.filter((output) => isFloat(output) && hasForm(output, 3));
  const [grid] = found;
  if (!grid || found.length !== 1)
    throw refuse('YOLOX', `one float output [N, cells, 5 + classes]`, outputs, found.length > 1 ? ' (export it with its maps joined)' : ''); // prettier-ignore
  if (size.width % LARGEST_STRIDE !== 0 || size.height % LARGEST_STRIDE !== 0)
    throw new NightjarError('invalid', `a YOLOX input of ${size.width} x ${size.height} is not a multiple of ${LARGEST_STRIDE}`); // prettier-ignore
  const [, cells = cellCount(size), fields = FIELDS_BEFORE_CLASSES + classes] = grid.dims ?? [];
  if (fields !== FIELDS_BEFORE_CLASSES + classes)
    throw wrongClasses(tell(grid), fields - FIELDS_BEFORE_CLASSES, classes);
  if (cells !== cellCount(size))
    throw new NightjarError('invalid', `${tell(grid)} has ${cells} cells; YOLOX has ${cellCount(size)} for ${size.width} x ${size.height}`); // prettier-ignore
  return [toPlan(grid, 'grid', 'float32')];
}

/** Names that exporters give; where none fits, the form decides. */
const NAMES = { logits: /logits/i, boxes: /box|dets/i, scores: /score/i, labels: /label|class/i };

function planRtdetr({ outputs }: NetworkFacts, classes: number): readonly OutputPlan[] {
  const boxes = pick(outputs, NAMES.boxes, (output) => isFloat(output) && hasForm(output, 3, 4));
  const others = outputs.filter((output) => output !== boxes);
  // By rank: RF-DETR calls its logits `labels`.
  const logits = pick(others, NAMES.logits, (output) => isFloat(output) && output.dims?.length === 3);
  if (boxes && logits) return planLogits(boxes, logits, classes);
  const labels = pick(others, NAMES.labels, (output) => !isFloat(output) && hasForm(output, 2)) ?? pick(others, NAMES.labels, (output) => NAMES.labels.test(output.name) && hasForm(output, 2)); // prettier-ignore
  const scores = pick(others, NAMES.scores, (output) => output !== labels && isFloat(output) && hasForm(output, 2));
  if (!boxes || !labels || !scores)
    throw refuse('RT-DETR', 'logits [N, queries, classes] and boxes [N, queries, 4], or labels, boxes and scores', outputs); // prettier-ignore
  return [toPlan(labels, 'labels', 'int32'), toPlan(boxes, 'boxes', 'float32'), toPlan(scores, 'scores', 'float32')];
}

function planLogits(boxes: TensorFacts, logits: TensorFacts, classes: number): readonly OutputPlan[] {
  const found = logits.dims?.[2] ?? classes;
  if (found !== classes) throw wrongClasses(tell(logits), found, classes);
  return [toPlan(logits, 'logits', 'float32'), toPlan(boxes, 'boxes', 'float32')];
}

/** The output of the right form, by name where several have it. */
function pick(outputs: readonly TensorFacts[], name: RegExp, isRight: (output: TensorFacts) => boolean) {
  const right = outputs.filter(isRight);
  return right.find((output) => name.test(output.name)) ?? right[0];
}

function toPlan({ name, type, dims }: TensorFacts, to: string, wanted: OutputPlan['type']): OutputPlan {
  return { from: name, to, type: wanted, needsCast: type !== onnxTypes[wanted], dims };
}

function refuse(family: string, wanted: string, outputs: readonly TensorFacts[], hint = ''): NightjarError {
  const found = outputs.length === 0 ? 'none' : outputs.map(tell).join(', ');
  return new NightjarError('invalid', `not the outputs of ${family}: wanted ${wanted}; found ${found}${hint}`);
}

const wrongClasses = (output: string, found: number, labels: number): NightjarError =>
  new NightjarError('invalid', `${output} is of ${found} classes, and ${labels} labels were given`);
