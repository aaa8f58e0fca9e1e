/** `nightjar check`: what may be given. The work is done in a file that is loaded when called. */
import type { Command } from 'commander';
import { readConfig } from '../config.ts';
import { createLog } from '../lib/log.ts';
import type { CheckFlags } from './check.ts';

export function addCheckCommand(program: Command, write: (line: string) => void, onExit: (code: number) => void): void {
  program
    .command('check')
    .description('compare the database with the media store (exit code 1 when something is found)')
    .option('--quick', 'presence and size alone: read no file')
    .option('--repair', 'put right what was found; no bytes are deleted, only moved aside')
    .option('--force', 'with --repair: also when database and media store seem not to belong together')
    .option('--json', 'one line of JSON for each finding')
    .action(async (flags: CheckFlags) => {
      const { runCheck } = await import('./check.ts');
      const config = readConfig();
      onExit(await runCheck(flags, { config, log: createLog(config.log), write, terminal: process.stderr.isTTY }));
    });
}
