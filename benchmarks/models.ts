/**
 * Question: what does each installed model cost, and how well does it see, by execution provider and batch, through our
 * own decode path? Prints the rows of the table in backend/docs/models.md. Limit: each model's AP as below, on 80
 * pictures of COCO val2017 (TensorFlow.js' CenterNet, stretched: 0.319; YOLOX's own pipeline: 0.295).
 *
 * Arguments: a folder with COCO's `instances.json` and `images/`, then model folders; the bundled model if none is
 * given. Each row is measured in a process of its own, so that its peak memory is its own.
 */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { z } from 'zod';
import { bundledModelsDir } from '../backend/src/config.ts';
import { BUNDLED_MODEL, readModel, type Model } from '../backend/src/models/index.ts';
import type { ModelTrial } from './model-trial.ts';
import { say } from './report.ts';

const AP_MIN: Readonly<Record<string, number>> = { 'centernet-mbv3': 0.315, 'yolox-nano': 0.285 };
const PROVIDERS = ['cpu', 'webgpu', 'cuda', 'tensorrt'] as const;
const BATCHES = [1, 8] as const;
const TRIAL_MS_MAX = 15 * 60_000;

const resultSchema = z.union([
  z.object({
    ap: z.number(),
    ap50: z.number(),
    person: z.number(),
    decodeMs: z.number(),
    inferMs: z.number(),
    peakMiB: z.number(),
    objects: z.int(),
  }),
  z.object({ reason: z.string() }),
]);
type Result = z.infer<typeof resultSchema>;

/** Throws when a limit is missed. */
export async function run([folder, ...dirs]: string[]): Promise<void> {
  if (folder === undefined) throw new Error('models needs a folder with instances.json and images/');
  say(
    '| model | provider, batch | AP | AP50 | person AP | decode ms | infer ms a picture (p50) | peak memory MiB | objects |',
  );
  say('| --- | --- | --- | --- | --- | --- | --- | --- | --- |');
  const missed: string[] = [];
  for (const dir of dirs.length > 0 ? dirs : [`${bundledModelsDir}/${BUNDLED_MODEL}`])
    missed.push(...(await measureModel(folder, dir)));
  if (missed.length > 0) throw new Error(missed.join('; '));
}

/** Resolves to the limits that were missed. */
async function measureModel(folder: string, dir: string): Promise<string[]> {
  const model = await readModel(dir);
  const missed: string[] = [];
  for (const provider of PROVIDERS)
    for (const batch of BATCHES.filter((size) => isPossible(model, size))) {
      const result = await tryInProcess({ folder, dir, provider, batch });
      say(toRow(model.name, { provider, batch }, result));
      if ('ap' in result && result.ap < (AP_MIN[model.name] ?? 0)) missed.push(`${model.name}: AP ${result.ap}`);
      if ('reason' in result) break;
    }
  return missed;
}

/** A network that was exported for one picture says 1 for every provider. */
const isPossible = ({ card }: Model, batch: number): boolean =>
  batch === 1 || Object.values(card.batch_max).some((max) => max > 1);

async function tryInProcess(trial: ModelTrial): Promise<Result> {
  const script = fileURLToPath(new URL('model-trial.ts', import.meta.url));
  const args = ['--import', 'tsx', script, JSON.stringify(trial)];
  const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: TRIAL_MS_MAX });
  return resultSchema.parse(JSON.parse(stdout.trim().split('\n').at(-1) ?? ''));
}

function toRow(name: string, { provider, batch }: { provider: string; batch: number }, result: Result): string {
  if ('reason' in result) return `| ${name} | ${provider} | not here: ${result.reason.split('\n')[0] ?? ''} |`;
  const { ap, ap50, person, decodeMs, inferMs, peakMiB, objects } = result;
  const cells = [ap.toFixed(4), ap50.toFixed(4), person.toFixed(4), decodeMs.toFixed(1), inferMs.toFixed(1), peakMiB.toFixed(0), objects]; // prettier-ignore
  return `| ${name} | ${provider}, ${batch} | ${cells.join(' | ')} |`;
}
