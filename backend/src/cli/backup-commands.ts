/** `nightjar backup` and `nightjar restore`: what may be given. The work is done in a file that is loaded when called. */
import type { Command } from 'commander';
import { readConfig } from '../config.ts';
import { createLog } from '../lib/log.ts';

export function addBackupCommands(program: Command, write: (line: string) => void): void {
  program
    .command('backup')
    .description('put everything that is kept into one file: database, originals, models, settings')
    .argument('<file.tar>')
    .action(async (file: string) => {
      const { runBackup } = await import('./backup.ts');
      const config = readConfig();
      await runBackup(file, { config, log: createLog(config.log), write, terminal: process.stderr.isTTY });
    });
  program
    .command('restore')
    .description('put a backup back, into an empty database and media store')
    .argument('<file.tar>')
    .action(async (file: string) => {
      const { runRestore } = await import('./restore.ts');
      const config = readConfig();
      await runRestore(file, { config, log: createLog(config.log), write, terminal: process.stderr.isTTY });
    });
}
