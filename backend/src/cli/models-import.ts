import type { ImportOptions, ImportedFamily, ImportReport } from '../models/index.ts';
import { importBundledModel, importModel, readLabels } from '../models/index.ts';

type Write = (line: string) => void;

/** As typed; what is not given keeps the family's default. */
export interface ImportFlags extends Pick<
  ImportOptions,
  'name' | 'size' | 'scoreMin' | 'licence' | 'source' | 'force'
> {
  readonly bundled?: boolean;
  readonly family?: ImportedFamily;
  readonly labels?: string;
  readonly resize?: 'letterbox' | 'stretch';
  readonly align?: 'centre' | 'corner';
  readonly pad?: number;
  readonly channels?: 'rgb' | 'bgr';
  readonly scale?: number;
  readonly mean?: readonly [number, number, number];
  readonly std?: readonly [number, number, number];
}

export interface ImportCommand {
  readonly file: string;
  readonly flags: ImportFlags & { readonly family: ImportedFamily; readonly labels: string };
  readonly modelsDir: string;
  readonly write: Write;
}

export async function importBundled(modelsDir: string, write: Write): Promise<void> {
  const { onnxPath, built } = await importBundledModel({ modelsDir });
  write(`${built ? 'built' : 'already there'}: ${onnxPath}`);
}

export async function runImport({ file, flags, modelsDir, write }: ImportCommand): Promise<void> {
  const { resize, align, pad, channels, scale, mean, std, ...rest } = flags;
  const given = Object.entries({ resize, align, pad, channels, scale, mean, std });
  const preprocessing = Object.fromEntries(given.filter(([, value]) => value !== undefined));
  const labels = await readLabels(flags.labels);
  tellImport(await importModel({ ...rest, labels, preprocessing, file, modelsDir }), write);
}

/** What was found and done, and how it is used: a few lines. */
export function tellImport(report: ImportReport, write: Write): void {
  const { card, opset, batch } = report;
  const { input } = card;
  write(`${card.name}: ${card.family}, ${input.width} x ${input.height} (${input.resize}), ${card.labels.length} labels, opset ${opset}`); // prettier-ignore
  write(`  input    ${report.networkInputs.join(', ')}`);
  write(`           now ${input.name} uint8 [${batch.isFree ? 'N' : 1}, ${input.height}, ${input.width}, 3], by ${report.operators.join(', ')}`); // prettier-ignore
  write(`  outputs  ${report.networkOutputs.join(', ')}`);
  write(`           now ${report.outputs.join(', ')}`);
  write(`  batch    ${toBatchLine(batch)}`);
  write(`  one run  ${report.runMs.toFixed(1)} ms for a picture, on one thread of the CPU`);
  write(`  licence  ${card.licence}`);
  write(`  source   ${card.source}`);
  write(`written: ${report.dir}`);
  write(`Use it with MODEL=${card.name} in .env, or try it: nightjar detect --model ${card.name} PATH`);
}

function toBatchLine({ isFree, wasFree, reason }: ImportReport['batch']): string {
  if (!isFree) return `one picture at a time: ${reason ?? ''}`;
  const same = 'two pictures together give what each gives alone';
  return wasFree ? `free; ${same}` : `free, although it was exported for a fixed number: ${same}`;
}
