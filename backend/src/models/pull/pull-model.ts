import { join } from 'node:path';
import type { Clock } from '../../lib/clock.ts';
import { NightjarError, toNightjarError } from '../../lib/errors.ts';
import { importModel, type ImportReport } from '../import/import-model.ts';
import { readLabels } from '../import/labels.ts';
import { assertFree } from '../import/model-folder.ts';
import { download, type Downloaded, type DownloadOptions } from './download.ts';
import { knownModels, type KnownModel } from './known-models.ts';
import { withLock } from './lock.ts';

export interface PullOptions extends Pick<DownloadOptions, 'signal' | 'onProgress' | 'onRetry' | 'limits'> {
  readonly name: string;
  /** Where model folders lie; what is not whole yet lies in `.downloads` there. */
  readonly modelsDir: string;
  readonly force?: boolean | undefined;
  readonly clock: Clock;
  /** Called when the file is whole, before it is imported. */
  readonly onDownloaded?: ((file: { readonly bytes: number; readonly sha256: string }) => void) | undefined;
  /** The models that are known; Nightjar's own list unless given. */
  readonly known?: readonly KnownModel[] | undefined;
  readonly trialMsMax?: number | undefined;
}

export interface PullReport extends ImportReport {
  /** Of the downloaded file. */
  readonly downloaded: { readonly bytes: number; readonly sha256: string };
  /** Whether that is a hash which somebody had verified before. */
  readonly isPinned: boolean;
}

const DOWNLOADS = '.downloads';

/**
 * Downloads a known model and imports it. Throws `not_found` (no such model, here or at its address), `conflict` (its
 * name is taken, or another process is pulling it: two would write into one file) and `invalid` (not the file that is expected, or not one that can be imported: it is removed) at
 * once, and `unavailable` when the network does not heal; what came by then is kept for the next call.
 */
export async function pullModel(options: PullOptions): Promise<PullReport> {
  const model = findKnown(options.name, options.known ?? knownModels);
  const { modelsDir, force = false } = options;
  await assertFree(join(modelsDir, model.name), force);
  return withLock(join(modelsDir, DOWNLOADS, `${model.name}.lock`), () => pullLocked(model, options));
}

async function pullLocked(model: KnownModel, options: PullOptions): Promise<PullReport> {
  const { url, bytes, sha256 } = model;
  const path = join(options.modelsDir, DOWNLOADS, `${model.name}.onnx.part`);
  const file = await download({ ...options, url, path, bytes, sha256 });
  options.onDownloaded?.(file);
  const report = await importDownloaded(model, { ...options, path, file });
  await file.remove();
  return { ...report, downloaded: { bytes: file.bytes, sha256: file.sha256 }, isPinned: sha256 !== null };
}

function findKnown(name: string, known: readonly KnownModel[]): KnownModel {
  const found = known.find((model) => model.name === name);
  if (found) return found;
  throw new NightjarError('not_found', `"${name}" is none of the known models: ${known.map((model) => model.name).join(', ')}`); // prettier-ignore
}

type Importing = PullOptions & { readonly path: string; readonly file: Downloaded };

async function importDownloaded(model: KnownModel, { path, file, ...options }: Importing): Promise<ImportReport> {
  const { name, family, licence, url, by } = model;
  const pinned = model.sha256 === null ? ', a hash that nobody had verified before' : '';
  const source = `${url}${pinned}; by ${by}`;
  try {
    return await importModel({
      ...model.options,
      ...{ file: path, fileName: `${name}.onnx`, name, family, licence, source },
      labels: await readLabels(model.labels),
      modelsDir: options.modelsDir,
      force: options.force,
      trialMsMax: options.trialMsMax,
    });
  } catch (thrown) {
    // A page of some portal instead of the file, say: kept, it would be the answer for ever.
    if (toNightjarError(thrown).kind === 'invalid') await file.remove();
    throw thrown;
  }
}
