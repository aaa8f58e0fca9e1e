/** `nightjar frames ...`: what may be given. The work is done in a file that is loaded when called. */
import { InvalidArgumentError, Option, type Command } from 'commander';
import { readConfig } from '../config.ts';
import { errorKinds, NightjarError, type ErrorKind } from '../lib/errors.ts';
import { createLog } from '../lib/log.ts';
import { frameStates, type FrameState } from '../model/index.ts';
import { numberFrom } from './values.ts';

const LISTED_DEFAULT = 50;
const LISTED_MAX = 10_000;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

export interface ListFlags {
  readonly state?: FrameState;
  readonly camera?: string;
  readonly limit: number;
  readonly json?: boolean;
}

interface RequeueFlags {
  readonly all?: boolean;
  readonly camera?: string;
  readonly kind?: ErrorKind;
}

export function addFramesCommands(
  program: Command,
  write: (line: string) => void,
  onExit: (code: number) => void,
): void {
  const frames = program.command('frames').description('the ledger: frames that wait, were examined or could not be');
  const toContext = () => {
    const config = readConfig();
    return { config, log: createLog(config.log), write };
  };
  frames
    .command('list')
    .description('list them, newest first')
    .addOption(new Option('--state <state>').choices(frameStates))
    .option('--camera <id>')
    .option('--limit <count>', 'at most so many', numberFrom(1, LISTED_MAX), LISTED_DEFAULT)
    .option('--json', 'one line of JSON for each')
    .action(async (flags: ListFlags) => {
      const { runFramesList } = await import('./frames.ts');
      await runFramesList(flags, toContext());
    });
  frames
    .command('show')
    .description('tell everything about one')
    .argument('<id>', '', parseId)
    .action(async (id: string) => {
      const { runFramesShow } = await import('./frames.ts');
      await runFramesShow(id, toContext());
    });
  frames
    .command('requeue')
    .description('give dead letters another chance')
    .argument('[id...]', '', (text: string, ids: readonly string[] | undefined) => [...(ids ?? []), parseId(text)])
    .option('--all', 'all that have a picture')
    .option('--camera <id>', 'of all, those of this camera')
    .addOption(new Option('--kind <kind>', 'of all, those that failed with this').choices(errorKinds))
    .action(async (ids: readonly string[] | undefined, { all = false, camera, kind }: RequeueFlags) => {
      if ((ids ?? []).length > 0 === all || (!all && (camera ?? kind) !== undefined))
        throw new NightjarError('invalid', 'frames requeue needs ids, or --all, which --camera and --kind narrow down');
      const { runRequeueAll, runRequeueSome } = await import('./frames.ts');
      if (all) await runRequeueAll({ cameraId: camera, kind }, toContext());
      else onExit(await runRequeueSome(ids ?? [], toContext()));
    });
}

function parseId(text: string): string {
  if (UUID.test(text)) return text.toLowerCase();
  throw new InvalidArgumentError('must be the id of a frame, as `frames list` shows it');
}
