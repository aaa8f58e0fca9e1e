/** Builds the bundled model from the TensorFlow.js graph that the npm package `@vladmandic/human` carries. */
import { createRequire } from 'node:module';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { NightjarError } from '../../lib/errors.ts';
import { addCenternetHead } from './centernet-head.ts';
import { hasSha256, readCard, sha256Of } from '../model-card.ts';
import { encodeOnnx, onnxTypes, type OnnxModel } from '../onnx/onnx-proto.ts';
import { createGraphBuilder } from '../onnx/onnx-graph.ts';
import { readTfjsGraph, type TfjsGraph } from './tfjs-graph.ts';
import { convertGraph } from './tfjs-to-onnx.ts';

export const BUNDLED_MODEL = 'centernet-mbv3';

/** Pixels along each side of the input. */
const INPUT_SIZE = 512;
const MAP_STRIDE = 4;

/**
 * Sees to it that `modelsDir/centernet-mbv3/model.onnx` is there and is the one that the card beside it pins. Does
 * nothing if so; else builds it (a second), checks it and renames it into place, so that a crash leaves no half file.
 * Throws `invalid` if what the package gives is not what the card pins.
 */
export async function importBundledModel(options: {
  readonly modelsDir: string;
  /** Where `centernet.json` and `centernet.bin` lie; the installed package unless given. */
  readonly sourceDir?: string;
}): Promise<{ readonly onnxPath: string; readonly built: boolean }> {
  const dir = join(options.modelsDir, BUNDLED_MODEL);
  const card = await readCard(dir);
  const onnxPath = join(dir, 'model.onnx');
  if (await hasSha256(onnxPath, card.sha256)) return { onnxPath, built: false };
  const bytes = await buildCenternet(options.sourceDir ?? packageModelsDir());
  if (sha256Of(bytes) !== card.sha256)
    throw new NightjarError('invalid', `the imported ${card.name} has sha256 ${sha256Of(bytes)}, not the card's`);
  await writeInPlace(onnxPath, bytes);
  return { onnxPath, built: true };
}

/** The bytes of the ONNX file; the same source gives the same bytes. */
export async function buildCenternet(sourceDir: string): Promise<Uint8Array> {
  const files = { jsonPath: join(sourceDir, 'centernet.json'), binPath: join(sourceDir, 'centernet.bin') };
  return encodeOnnx(toOnnx(await readTfjsGraph(files)));
}

/** Where the package keeps its models. Only its entry point is exported, so the way leads from there. */
export const packageModelsDir = (): string =>
  join(dirname(createRequire(import.meta.url).resolve('@vladmandic/human')), '..', 'models');

function toOnnx(graph: TfjsGraph): OnnxModel {
  const onnx = createGraphBuilder(BUNDLED_MODEL);
  // The network takes RGB in 0..255 as it is, so preprocessing is only a change of type and layout.
  const images = onnx.input('images', 'uint8', ['N', INPUT_SIZE, INPUT_SIZE, 3]);
  const planes = onnx.node('Transpose', [onnx.node('Cast', [images], { to: onnxTypes.float32 })], {
    perm: [0, 3, 1, 2],
  });
  const [heat = '', reach = ''] = convertGraph({
    graph,
    onnx,
    inputs: { 'tower_0/images': planes },
    outputs: ['tower_0/keypoints', 'tower_0/wh'],
  });
  addCenternetHead(onnx, { heat, reach, mapSize: INPUT_SIZE / MAP_STRIDE, stride: MAP_STRIDE });
  return onnx.build();
}

async function writeInPlace(path: string, bytes: Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    await writeFile(temporary, bytes);
    await rename(temporary, path);
  } finally {
    await rm(temporary, { force: true });
  }
}
