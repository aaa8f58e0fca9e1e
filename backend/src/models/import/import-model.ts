/**
 * Imports a foreign network: examines the file, puts the preprocessing in front, names the outputs as the family's
 * adapter reads them, tries the result on the CPU, and writes the model folder in one step.
 */
import { readFile, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { errorCode, NightjarError } from '../../lib/errors.ts';
import { BUNDLED_MODEL } from '../bundled/import-centernet.ts';
import { modelCardSchema, sha256Of, type ModelCard } from '../model-card.ts';
import { decodeOnnx } from '../onnx/onnx-proto.ts';
import { assertFree, withDraftFolder } from './model-folder.ts';
import { examineNetwork, tell, type NetworkFacts } from './network.ts';
import { planOutputs } from './outputs.ts';
import { familyDefaults, type ImportedFamily, type Preprocessing } from './preprocessing.ts';
import { INPUT_NAME } from './surgery.ts';
import { chooseNetwork, type ChosenNetwork } from './choose-network.ts';

export interface ImportOptions {
  /** The `.onnx` file. */
  readonly file: string;
  /** What the file is called where it is from, if it is called otherwise here. */
  readonly fileName?: string | undefined;
  /** Where model folders lie. */
  readonly modelsDir: string;
  readonly family: ImportedFamily;
  /** By class number. */
  readonly labels: readonly string[];
  /** Of the model and its folder; made from the file's name if not given. */
  readonly name?: string | undefined;
  /** For networks that leave the size of their input open. */
  readonly size?: { readonly width: number; readonly height: number } | undefined;
  /** What differs from the family's defaults. */
  readonly preprocessing?: Partial<Preprocessing> | undefined;
  readonly scoreMin?: number | undefined;
  readonly licence?: string | undefined;
  /** Where the file is from. */
  readonly source?: string | undefined;
  /** Replaces a model of the same name. */
  readonly force?: boolean | undefined;
  readonly trialMsMax?: number | undefined;
}

/** What was found in the file and what was done to it. */
export interface ImportReport {
  readonly dir: string;
  readonly card: ModelCard;
  readonly opset: number;
  /** As in `images float32 [1, 3, 416, 416]`. */
  readonly networkInputs: readonly string[];
  readonly networkOutputs: readonly string[];
  readonly outputs: readonly string[];
  /** Operators that now stand in front of the network. */
  readonly operators: readonly string[];
  readonly batch: ChosenNetwork['batch'];
  /** Of one picture, once warm, on one thread of the CPU. */
  readonly runMs: number;
  readonly bytes: number;
}

/** The format cannot hold more in one file. */
const ONNX_BYTES_MAX = 2 ** 31 - 1;
const LICENCE_UNKNOWN = 'unknown: ask whoever made it';
/** GPUs win by batches; CPUs do not (backend/docs/design.md, Detector). */
const BATCH_MAX_FREE = { cpu: 1, cuda: 16, tensorrt: 16, webgpu: 4 } as const;
const BATCH_MAX_ONE = { cpu: 1, cuda: 1, tensorrt: 1, webgpu: 1 } as const;

/**
 * Writes the folder `modelsDir/name` with `model.onnx` and `model.json`, whole or not at all. Throws `not_found` (no
 * such file), `invalid` (not a network of this family, or one that fails its trial: the message says why), `conflict`
 * (the name is taken) and `unavailable` (disk; a trial that takes too long).
 */
export async function importModel(options: ImportOptions): Promise<ImportReport> {
  const name = toModelName(options.name ?? basename(options.file));
  const dir = join(options.modelsDir, name);
  const force = options.force ?? false;
  await assertFree(dir, force);
  const bytes = await readNetwork(options.file);
  const facts = examineNetwork(decodeOnnx(bytes), options);
  const outputs = planOutputs(facts, options.family, options.labels.length);
  const preprocessing = toPreprocessing(options);
  return withDraftFolder({ dir, force }, async (draft) => {
    const wish = { bytes, facts, outputs, preprocessing, family: options.family, classes: options.labels.length };
    const chosen = await chooseNetwork(wish, { onnxPath: join(draft, 'model.onnx'), msMax: options.trialMsMax });
    const card = toCard(name, options, { facts, preprocessing, chosen, original: bytes });
    await writeFile(join(draft, 'model.json'), `${JSON.stringify(card, null, 2)}\n`);
    const inputs = facts.sizes ? [facts.image, facts.sizes] : [facts.image];
    return {
      dir,
      card,
      opset: facts.opset,
      networkInputs: inputs.map(tell),
      networkOutputs: facts.outputs.map(tell),
      outputs: outputs.map(({ to }) => to),
      operators: chosen.operators,
      batch: chosen.batch,
      runMs: chosen.runMs,
      bytes: chosen.bytes.byteLength,
    };
  });
}

/** `YOLOX Nano.onnx` becomes `yolox-nano`. Throws `invalid` for a name that no folder should have. */
export function toModelName(text: string): string {
  const name = text
    .replace(/\.onnx$/i, '')
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, '-')
    .replace(/^[^a-z0-9]+/, '');
  if (!modelCardSchema.shape.name.safeParse(name).success)
    throw new NightjarError('invalid', `"${text}" gives no name for a model: give one of a-z, 0-9, ".", "_", "-"`);
  if (name === BUNDLED_MODEL) throw new NightjarError('conflict', `${name} is the bundled model: give another name`);
  return name;
}

async function readNetwork(file: string): Promise<Buffer> {
  try {
    const { size } = await stat(file);
    if (size > ONNX_BYTES_MAX) throw new NightjarError('invalid', `${file} has ${size} bytes, more than ONNX can hold`);
    return await readFile(file);
  } catch (cause) {
    if (cause instanceof NightjarError) throw cause;
    const isMissing = errorCode(cause) === 'ENOENT';
    throw new NightjarError(isMissing ? 'not_found' : 'unavailable', `${file} ${isMissing ? 'does not exist' : 'cannot be read'}`, { cause }); // prettier-ignore
  }
}

function toPreprocessing({ family, preprocessing: given = {} }: ImportOptions): Preprocessing {
  const how = { ...familyDefaults[family].preprocessing, ...given };
  if (!(how.scale > 0 && [...how.std, ...how.mean].every(Number.isFinite) && how.std.every((value) => value > 0)))
    throw new NightjarError('invalid', 'scale and std must be above 0, mean must be numbers');
  return how;
}

interface CardParts {
  readonly facts: NetworkFacts;
  readonly preprocessing: Preprocessing;
  readonly chosen: ChosenNetwork;
  /** The file as it was given. */
  readonly original: Uint8Array;
}

function toCard(
  name: string,
  options: ImportOptions,
  { facts, preprocessing, chosen, original }: CardParts,
): ModelCard {
  const { resize, align, pad } = preprocessing;
  const parsed = modelCardSchema.safeParse({
    name,
    family: options.family,
    input: { name: INPUT_NAME, ...facts.size, layout: 'NHWC', type: 'uint8', channels: 'RGB', resize, align, pad },
    labels: options.labels,
    score_min: options.scoreMin ?? familyDefaults[options.family].scoreMin,
    batch_max: chosen.batch.isFree ? BATCH_MAX_FREE : BATCH_MAX_ONE,
    licence: options.licence ?? LICENCE_UNKNOWN,
    source: toSource(options, original),
    sha256: sha256Of(chosen.bytes),
    measured: [],
  });
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map(({ path, message }) => ({ path: path.join('.'), message }));
  const told = faults.map((fault) => `${fault.path}: ${fault.message}`).join('; ');
  throw new NightjarError('invalid', told, { cause: parsed.error, faults });
}

function toSource({ source, file, fileName = basename(file) }: ImportOptions, original: Uint8Array): string {
  const told = `${fileName}, sha256 ${sha256Of(original)}`;
  return source === undefined ? told : `${told}, from ${source}`;
}
