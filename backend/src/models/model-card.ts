import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { errorCode, NightjarError } from '../lib/errors.ts';

const pixels = z.int().min(1).max(4_096);

/** `model.json`: all that is to be known of a model besides its weights. */
export const modelCardSchema = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9._-]*$/),
  /** What the outputs mean. */
  family: z.enum(['centernet', 'rtdetr', 'yolox']),
  input: z.strictObject({
    name: z.string(),
    width: pixels,
    height: pixels,
    layout: z.literal('NHWC'),
    type: z.literal('uint8'),
    channels: z.literal('RGB'),
    /** `stretch` fills the input; `letterbox` keeps the aspect, in the middle, and pads the rest. */
    resize: z.enum(['letterbox', 'stretch']),
    /** Where a letterboxed picture lies: in the middle, or at the top left. */
    align: z.enum(['centre', 'corner']).default('centre'),
    /** The grey, 0..255, beside a letterboxed picture. */
    pad: z.int().min(0).max(255),
  }),
  /** By class number. */
  labels: z.array(z.string().min(1)).min(1),
  /** Weaker detections are dropped unless configured otherwise. */
  score_min: z.number().min(0).max(1),
  /** Most images in one run, by execution provider; 1 where none is named. A network that was exported for one image says 1 for all. */
  batch_max: z.record(z.string(), z.int().min(1)),
  licence: z.string(),
  source: z.string(),
  /** Of `model.onnx`. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  /** Accuracy as measured, each figure with what it was measured on. */
  measured: z.array(z.strictObject({ on: z.string(), ap: z.number(), ap50: z.number(), ap_person: z.number() })),
});
export type ModelCard = z.infer<typeof modelCardSchema>;

/** A model folder that was found whole. */
export interface Model {
  readonly name: string;
  readonly onnxPath: string;
  readonly card: ModelCard;
}

/**
 * Reads and checks a model folder (`model.json`, `model.onnx`). Throws `not_found` when the folder or the network is
 * missing, `invalid` when the card has faults or the network is not the one that the card pins.
 */
export async function readModel(dir: string): Promise<Model> {
  const card = await readCard(dir);
  const onnxPath = resolve(dir, 'model.onnx');
  const bytes = await readPart(onnxPath, `${onnxPath} is missing: run ./setup.sh, which builds it`);
  if (sha256Of(bytes) !== card.sha256)
    throw new NightjarError(
      'invalid',
      `${onnxPath} is not the file that model.json pins (sha256): run ./setup.sh for the bundled model, import any other again`,
    );
  return { name: card.name, onnxPath, card };
}

/** The card alone, for a model that may not be built yet. */
export async function readCard(dir: string): Promise<ModelCard> {
  const path = join(dir, 'model.json');
  const text = (await readPart(path, `no model at ${dir}: ${path} is missing`)).toString('utf8');
  const parsed = modelCardSchema.safeParse(parseJson(text, path));
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map(({ path: at, message }) => ({ path: at.join('.'), message }));
  const told = faults.map((fault) => `${fault.path}: ${fault.message}`).join('; ');
  throw new NightjarError('invalid', `${path}: ${told}`, { cause: parsed.error, faults });
}

export const sha256Of = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** False as well where there is no such file. */
export async function hasSha256(path: string, sha256: string): Promise<boolean> {
  try {
    return sha256Of(await readFile(path)) === sha256;
  } catch (cause) {
    if (errorCode(cause) === 'ENOENT') return false;
    throw new NightjarError('unavailable', `${path} cannot be read`, { cause });
  }
}

function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new NightjarError('invalid', `${path} is not JSON`, { cause });
  }
}

async function readPart(path: string, missing: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (cause) {
    const isMissing = ['ENOENT', 'ENOTDIR'].includes(errorCode(cause) ?? '');
    throw isMissing
      ? new NightjarError('not_found', missing, { cause })
      : new NightjarError('unavailable', `${path} cannot be read`, { cause });
  }
}
