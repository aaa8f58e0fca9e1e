/** A network for tests, so small that even a GPU in software runs it in milliseconds. */
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { createGraphBuilder } from '../../models/onnx/onnx-graph.ts';
import { encodeOnnx } from '../../models/onnx/onnx-proto.ts';
import type { PreparedPicture } from '../picture/decode.ts';
import type { DetectorModel } from './onnx-detector.ts';

const SIDE = 8;
export const testInput = {
  name: 'images',
  width: SIDE,
  height: SIDE,
  resize: 'stretch',
  align: 'centre',
  pad: 0,
} as const;

/**
 * As CenterNet's: one box for each picture, from (red, red) to (green, blue), where the colours are the picture's means;
 * its score is the mean of a convolution with fixed weights, brought between 0 and 1.
 */
export async function writeTestModel(dir: string, batchMax: Readonly<Record<string, number>>): Promise<DetectorModel> {
  const graph = createGraphBuilder('test');
  const images = graph.input('images', 'uint8', ['batch_of_pictures', SIDE, SIDE, 3]);
  const floats = graph.node('Cast', [images], { to: 1 });
  const means = graph.node('ReduceMean', [floats], { axes: [1, 2], keepdims: 0 });
  const order = graph.int64('order', [0, 0, 1, 2]);
  const corners = graph.node('Gather', [means, order], { axis: 1 });
  graph.node('Unsqueeze', [corners, graph.int64('axis', [1])], {}, 'boxes');
  const planes = graph.node('Transpose', [floats], { perm: [0, 3, 1, 2] });
  const weights = Float32Array.from({ length: 2 * 3 * 3 * 3 }, (_, index) => Math.sin(index * 0.7) / 300);
  const maps = graph.node('Conv', [planes, graph.float32('weights', [2, 3, 3, 3], weights)], { pads: [1, 1, 1, 1] });
  const strength = graph.node('ReduceMean', [maps], { axes: [1, 2, 3], keepdims: 0 });
  const score = graph.node('Sigmoid', [strength]);
  graph.node('Unsqueeze', [score, 'axis'], {}, 'scores');
  const none = graph.node('Mul', ['scores', graph.float32('zero', [1], new Float32Array(1))]);
  graph.node('Cast', [none], { to: 6 }, 'labels');
  graph.output('boxes', 'float32', ['batch_of_pictures', 1, 4]);
  graph.output('scores', 'float32', ['batch_of_pictures', 1]);
  graph.output('labels', 'int32', ['batch_of_pictures', 1]);
  const onnxPath = path.join(dir, 'model.onnx');
  await writeFile(onnxPath, encodeOnnx(graph.build()));
  const card = {
    family: 'centernet',
    input: testInput,
    labels: ['thing'],
    score_min: 0,
    batch_max: batchMax,
  } as const;
  return { name: 'test', onnxPath, card };
}

/**
 * One operator on the pixels, each times `scale`. Of a sine of large numbers shaders make something else than the CPU
 * does; of the logarithm of negative ones everybody makes NaN.
 */
export async function writeOperator(dir: string, operator: 'Sin' | 'Log', scale: number): Promise<string> {
  const graph = createGraphBuilder('operator');
  const images = graph.input('images', 'uint8', ['batch_of_pictures', SIDE, SIDE, 3]);
  const floats = graph.node('Cast', [images], { to: 1 });
  const more = graph.node('Add', [floats, graph.float32('one', [1], Float32Array.of(1))]);
  graph.node(operator, [graph.node('Mul', [more, graph.float32('scale', [1], Float32Array.of(scale))])], {}, 'values');
  graph.output('values', 'float32', ['batch_of_pictures', SIDE, SIDE, 3]);
  const onnxPath = path.join(dir, `${operator}.onnx`);
  await writeFile(onnxPath, encodeOnnx(graph.build()));
  return onnxPath;
}

/** A picture of noise around a colour; the same seed gives the same picture. */
export function makeTestPicture(seed: number): PreparedPicture {
  const size = { width: SIDE, height: SIDE };
  const colour = [seed % 3, 4 + (seed % 3), 5 + (seed % 2)];
  const pixels = Uint8Array.from({ length: SIDE * SIDE * 3 }, (_, index) => (colour[index % 3] ?? 0) + ((index * seed) % 2)); // prettier-ignore
  return { pixels, placement: { input: size, picture: size, drawn: size, left: 0, top: 0 } };
}

/** Chromium ships a Vulkan device in software; onnxruntime's WebGPU computes on it as it would on a GPU, only slower. */
export function findSwiftShader(): string {
  const dirs = ['/usr/lib/chromium', '/usr/lib64/chromium-browser', '/usr/lib/chromium-browser', '/opt/google/chrome'];
  const found = dirs.map((dir) => path.join(dir, 'vk_swiftshader_icd.json')).find((file) => existsSync(file));
  if (found === undefined) throw new Error(`no vk_swiftshader_icd.json in ${dirs.join(', ')}: install chromium`);
  return found;
}
