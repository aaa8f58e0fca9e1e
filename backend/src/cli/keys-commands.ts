/** `nightjar keys ...`: what may be given. The work is done in a file that is loaded when called. */
import { InvalidArgumentError, Option, type Command } from 'commander';
import { readConfig } from '../config.ts';
import { createLog } from '../lib/log.ts';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const DAY = /^\d{4}-\d\d-\d\d$/;

interface JsonFlag {
  readonly json?: boolean;
}

export interface CreateFlags extends JsonFlag {
  readonly name: string;
  readonly role: string;
  readonly camera?: string[];
  readonly expires?: string;
}

export function addKeysCommands(program: Command, write: (line: string) => void): void {
  const keys = program.command('keys').description('who may use the API, beside ADMIN_API_KEY');
  const load = async () => {
    const config = readConfig();
    return { ...(await import('./keys.ts')), options: { config, log: createLog(config.log), write } };
  };

  keys
    .command('create')
    .description('make a key; it is shown this once')
    .requiredOption('--name <name>', 'what people call it')
    .addOption(new Option('--role <role>').choices(['admin', 'viewer', 'ingest']).makeOptionMandatory())
    .option('--camera <id...>', 'the only cameras it may see (not for admin); all when left out')
    .option('--expires <date>', 'a day (until its first moment, UTC) or a time such as 2030-06-01T12:00:00Z', toTime)
    .option('--json', 'as one line of JSON')
    .action(async (flags: CreateFlags) => {
      const { createKey, options } = await load();
      await createKey(flags, options);
    });
  keys
    .command('list')
    .description('list them, newest first, revoked and expired ones too')
    .option('--json', 'one line of JSON for each')
    .action(async ({ json = false }: JsonFlag) => {
      const { listKeys, options } = await load();
      await listKeys(json, options);
    });
  keys
    .command('revoke')
    .description('let a key in no more, within a second')
    .argument('<id>', 'as `keys list` shows it', parseId)
    .option('--json', 'as one line of JSON')
    .action(async (id: string, { json = false }: JsonFlag) => {
      const { revokeKey, options } = await load();
      await revokeKey({ id, json }, options);
    });
}

const toTime = (text: string): string => (DAY.test(text) ? `${text}T00:00:00Z` : text);

function parseId(text: string): string {
  if (UUID.test(text)) return text.toLowerCase();
  throw new InvalidArgumentError('must be an id, as `keys list` shows it');
}
