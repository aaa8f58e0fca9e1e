/** `nightjar models ...`: what may be given, and what it means. The work is done in files that are loaded when called. */
import { InvalidArgumentError, Option, type Command } from 'commander';
import { bundledModelsDir, readConfig, toModelsDir } from '../config.ts';
import { NightjarError } from '../lib/errors.ts';
import type { ImportFlags } from './models-import.ts';
import { numberFrom, parseScore, toNumber } from './values.ts';

const modelsDir = (): string => toModelsDir(readConfig().dataDir);

export function addModelsCommands(program: Command, write: (line: string) => void): void {
  const models = program.command('models').description('the models that are installed, and how to get others');
  models
    .command('list')
    .description('list them')
    .action(async () => {
      const { listModels } = await import('./models.ts');
      await listModels([bundledModelsDir, modelsDir()], write);
    });
  addImport(models, write);
  models
    .command('pull')
    .description('download a known model and import it; without a name, list those that are known')
    .argument('[name]')
    .option('--force', 'replace a model of that name')
    .action(async (name: string | undefined, { force = false }: { force?: boolean }) => {
      const { listKnown, runPull } = await import('./models-pull.ts');
      if (name === undefined) listKnown(write);
      else await runPull({ name, force, modelsDir: modelsDir(), write, terminal: process.stderr.isTTY });
    });
}

function addImport(models: Command, write: (line: string) => void): void {
  models
    .command('import')
    .description('make a model folder of an ONNX file')
    .argument('[file.onnx]')
    .option('--bundled', 'build the bundled model from its npm package instead')
    .addOption(new Option('--family <family>', 'what its outputs mean').choices(['rtdetr', 'yolox']))
    .option('--labels <labels>', 'coco80, coco91, a file with one label a line, or a,b,c: in the order of its classes')
    .option('--name <name>', 'of the model; the name of the file unless given')
    .option('--size <WxH>', 'of its input, for a network that leaves it open', parseSize)
    .addOption(new Option('--resize <how>', 'how a picture is put into the input').choices(['letterbox', 'stretch']))
    .addOption(new Option('--align <where>', 'where a letterboxed picture lies').choices(['centre', 'corner']))
    .option('--pad <grey>', '0 to 255, beside a letterboxed picture', numberFrom(0, 255))
    .addOption(new Option('--channels <order>', 'the order that it was trained with').choices(['rgb', 'bgr']))
    .option('--scale <x>', 'bytes are multiplied by this first; 1/255 may be given so', parseScale)
    .option('--mean <r,g,b>', 'then this is subtracted', parseRgb)
    .option('--std <r,g,b>', 'then it is divided by this', parseRgb)
    .option('--score-min <score>', 'weaker detections are dropped unless configured otherwise', parseScore)
    .option('--licence <text>', 'of the weights')
    .option('--source <text>', 'where the file is from')
    .option('--force', 'replace a model of that name')
    .action((file: string | undefined, flags: ImportFlags) => runImportCommand(file, flags, write));
}

async function runImportCommand(
  file: string | undefined,
  flags: ImportFlags,
  write: (line: string) => void,
): Promise<void> {
  const { importBundled, runImport } = await import('./models-import.ts');
  if (flags.bundled === true) return importBundled(bundledModelsDir, write);
  const { family, labels } = flags;
  if (file === undefined || family === undefined || labels === undefined)
    throw new NightjarError('invalid', 'models import needs a file, --family and --labels; or --bundled alone');
  return runImport({ file, flags: { ...flags, family, labels }, modelsDir: modelsDir(), write });
}

function parseSize(text: string): { width: number; height: number } {
  const [, width, height] = /^(\d{1,4})x(\d{1,4})$/.exec(text) ?? [];
  if (!Number(width) || !Number(height)) throw new InvalidArgumentError('must be like 640x640');
  return { width: Number(width), height: Number(height) };
}

function parseScale(text: string): number {
  const [numerator = NaN, denominator = 1] = text.split('/').map(toNumber);
  const scale = numerator / denominator;
  if (!(scale > 0 && Number.isFinite(scale))) throw new InvalidArgumentError('must be above 0, as in 1/255');
  return scale;
}

function parseRgb(text: string): readonly [number, number, number] {
  const [red = NaN, green = NaN, blue = NaN, ...more] = text.split(',').map(toNumber);
  if (more.length > 0 || ![red, green, blue].every(Number.isFinite))
    throw new InvalidArgumentError('must be three numbers: red,green,blue');
  return [red, green, blue];
}
