/** `nightjar frames ...` and `nightjar clips ...`: what may be given. The work is done in files that are loaded when called. */
import { InvalidArgumentError, Option, type Command } from 'commander';
import { readConfig } from '../config.ts';
import { errorKinds, NightjarError, type ErrorKind } from '../lib/errors.ts';
import { createLog } from '../lib/log.ts';
import { frameStates, type FrameState } from '../model/index.ts';
import type { LedgerActions } from './ledger.ts';
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

interface Ledger {
  readonly name: 'frames' | 'clips';
  readonly description: string;
  /** Which of all dead letters `requeue --all` takes. */
  readonly all: string;
  readonly load: () => Promise<LedgerActions>;
}

const ledgers: readonly Ledger[] = [
  {
    name: 'frames',
    description: 'the ledger: frames that wait, were examined or could not be',
    all: 'all that are a picture (or are by now, with limits raised)',
    load: async () => (await import('./frames.ts')).frames,
  },
  {
    name: 'clips',
    description: 'the ledger of clips: those that wait, were cut into frames or could not be',
    all: 'all of them',
    load: async () => (await import('./clips.ts')).clips,
  },
];

export function addLedgerCommands(
  program: Command,
  write: (line: string) => void,
  onExit: (code: number) => void,
): void {
  for (const ledger of ledgers) {
    const command = program.command(ledger.name).description(ledger.description);
    addList(command, ledger, write);
    addShow(command, ledger, write);
    addRequeue(command, ledger, write, onExit);
  }
}

function toContext(write: (line: string) => void) {
  const config = readConfig();
  return { config, log: createLog(config.log), write };
}

function addList(command: Command, { load }: Ledger, write: (line: string) => void): void {
  command
    .command('list')
    .description('list them, newest first')
    .addOption(new Option('--state <state>').choices(frameStates))
    .option('--camera <id>')
    .option('--limit <count>', 'at most so many', numberFrom(1, LISTED_MAX), LISTED_DEFAULT)
    .option('--json', 'one line of JSON for each')
    .action(async (flags: ListFlags) => (await load()).list(flags, toContext(write)));
}

function addShow(command: Command, ledger: Ledger, write: (line: string) => void): void {
  command
    .command('show')
    .description('tell everything about one')
    .argument('<id>', '', idOf(ledger))
    .action(async (id: string) => (await ledger.load()).show(id, toContext(write)));
}

function addRequeue(
  command: Command,
  ledger: Ledger,
  write: (line: string) => void,
  onExit: (code: number) => void,
): void {
  const parseId = idOf(ledger);
  command
    .command('requeue')
    .description('give dead letters another chance')
    .argument('[id...]', '', (text: string, ids: readonly string[] | undefined) => [...(ids ?? []), parseId(text)])
    .option('--all', ledger.all)
    .option('--camera <id>', 'of all, those of this camera')
    .addOption(new Option('--kind <kind>', 'of all, those that failed with this').choices(errorKinds))
    .action(async (ids: readonly string[] | undefined, { all = false, camera, kind }: RequeueFlags) => {
      if ((ids ?? []).length > 0 === all || (!all && (camera ?? kind) !== undefined))
        throw new NightjarError('invalid', `${ledger.name} requeue needs ids, or --all, which --camera and --kind narrow down`); // prettier-ignore
      const { requeueAll, requeueSome } = await ledger.load();
      if (all) await requeueAll({ cameraId: camera, kind }, toContext(write));
      else onExit(await requeueSome(ids ?? [], toContext(write)));
    });
}

const idOf =
  ({ name }: Ledger) =>
  (text: string): string => {
    if (UUID.test(text)) return text.toLowerCase();
    throw new InvalidArgumentError(`must be an id, as \`${name} list\` shows it`);
  };
