#!/usr/bin/env node
/**
 * The command line. Each command lives in a file of its own and is loaded only when it is called.
 * Exit codes: 0 fine, 1 failed, 2 bad usage or configuration.
 */
import { Command, CommanderError } from 'commander';
import { addBackupCommands } from './cli/backup-commands.ts';
import { addCheckCommand } from './cli/check-command.ts';
import { addKeysCommands } from './cli/keys-commands.ts';
import { addLedgerCommands } from './cli/ledger-commands.ts';
import { addModelsCommands } from './cli/models-commands.ts';
import { numberFrom, parseScore } from './cli/values.ts';
import { readConfig, toLabels, toModelDir, type Config } from './config.ts';
import { NightjarError, toMessage } from './lib/errors.ts';
import { createLog } from './lib/log.ts';
import { VERSION } from './version.ts';

const EXIT_FAILED = 1;
const EXIT_USAGE = 2;
const TUNE_SECONDS_DEFAULT = 30;
const TUNE_SECONDS_MAX = 3_600;
const LINGER_MS_MAX = 5_000;

const write = (line: string): void => void process.stdout.write(`${line}\n`);
// Whoever read has gone (`| head`): that is no reason to leave work half done.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});
const program = new Command('nightjar');
let exitCode = 0;

program
  .description('Turns ordinary security cameras into an event stream.')
  .version(VERSION)
  .showHelpAfterError()
  .exitOverride();

program
  .command('serve')
  .description('run the configured roles until a signal (what `npm start` does)')
  .action(async () => {
    const { runServe } = await import('./cli/serve.ts');
    const config = readConfig();
    exitCode = await runServe({ config, log: createLog(config.log), write });
  });

program
  .command('demo')
  .description('run on a throwaway data folder and play the example cameras into the inbox')
  .option('--once', 'end with a summary when all is done')
  .action(async ({ once = false }: { once?: boolean }) => {
    const { runDemo } = await import('./cli/demo.ts');
    exitCode = await runDemo({ once, write, terminal: process.stdout.isTTY });
  });

program
  .command('detect')
  .description('find objects in files or folders')
  .argument('<path...>')
  .option('--json', 'one line of JSON for each picture')
  .option('--annotate <dir>', 'write pictures with the boxes drawn to this folder')
  .option('--model <name>', 'a model folder, by name or path')
  .option('--score-min <score>', 'smallest score, 0 to 1', parseScore)
  .option('--labels <list>', 'only these labels, or all', (value) => value.split(',').map((label) => label.trim()))
  .action(async (paths: string[], flags: DetectFlags) => {
    const [{ runDetect }, { openDetector }] = await Promise.all([import('./cli/detect.ts'), import('./parts.ts')]);
    const config = withFlags(readConfig(), flags);
    const { imageBytesMax, imagePixelsMax } = config;
    const detector = await openDetector(config.detectors[0] ?? { engine: 'onnx' }, config, createLog(config.log));
    const { json = false, annotate: annotateDir } = flags;
    exitCode = await runDetect({ paths, detector, imageBytesMax, imagePixelsMax, json, annotateDir, write }).finally(
      () => detector.close(),
    );
  });

addModelsCommands(program, write);
addKeysCommands(program, write);
addBackupCommands(program, write);
addCheckCommand(program, write, (code) => (exitCode = code));
addLedgerCommands(program, write, (code) => (exitCode = code));

program
  .command('migrate')
  .description('bring the database schema up to date')
  .action(async () => {
    const { runMigrate } = await import('./cli/migrate.ts');
    const config = readConfig();
    await runMigrate({ config, log: createLog(config.log), write });
  });

program
  .command('health')
  .description('ask the running process of this configuration whether it lives')
  .action(async () => {
    const { runHealth } = await import('./cli/health.ts');
    await runHealth(readConfig(), write);
  });

program
  .command('doctor')
  .description('look at everything Nightjar needs and explain what is missing')
  .option(
    '--tune [seconds]',
    'measure the ways of computing here instead, and suggest settings',
    numberFrom(1, TUNE_SECONDS_MAX),
  )
  .action(async ({ tune }: { tune?: true | number }) => {
    if (tune === undefined) {
      const { runDoctor } = await import('./cli/doctor.ts');
      exitCode = await runDoctor(write);
      return;
    }
    const { runTune } = await import('./cli/tune.ts');
    const secondsMax = tune === true ? TUNE_SECONDS_DEFAULT : tune;
    exitCode = await runTune({ config: readConfig(), secondsMax, write, terminal: process.stderr.isTTY });
  });

interface DetectFlags {
  readonly json?: boolean;
  readonly annotate?: string;
  readonly model?: string;
  readonly scoreMin?: number;
  readonly labels?: string[];
}

/** A model that was asked for by name is a local one, whatever detectors are configured. */
const withFlags = (config: Config, flags: DetectFlags): Config => ({
  ...config,
  ...(flags.model !== undefined && {
    modelDir: toModelDir(flags.model, config.dataDir),
    detectors: [{ engine: 'onnx' }],
  }),
  scoreMin: flags.scoreMin ?? config.scoreMin,
  labels: flags.labels ? toLabels(flags.labels) : config.labels,
});

/** The one place where an error becomes words and an exit code. */
function toExitCode(thrown: unknown): number {
  if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? 0 : EXIT_USAGE; // already said by commander
  process.stderr.write(`nightjar: ${toMessage(thrown)}\n`);
  if (!(thrown instanceof NightjarError) && thrown instanceof Error) process.stderr.write(`${thrown.stack ?? ''}\n`);
  return thrown instanceof NightjarError && thrown.kind === 'invalid' ? EXIT_USAGE : EXIT_FAILED;
}

await program.parseAsync().catch((thrown: unknown) => (exitCode = toExitCode(thrown)));
process.exitCode = exitCode;
// What was opened is closed by now. Should anything still hold the process, a supervisor must not wait for it for ever.
setTimeout(() => process.exit(), LINGER_MS_MAX).unref();
