import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import Table from 'cli-table3';
import { writeBackup, type BackupSummary } from '../backup/index.ts';
import { toModelsDir, type Config } from '../config.ts';
import { VERSION } from '../version.ts';
import { systemClock as clock } from '../lib/clock.ts';
import { openMedia } from '../stores.ts';
import { createFilesProgress } from './files-progress.ts';
import type { CommandOptions } from './serve.ts';
import { withTarget } from './with-database.ts';

export interface ArchiveCommand extends CommandOptions {
  /** Whether a progress bar can be drawn. */
  readonly terminal: boolean;
}

export const settingsFile = path.resolve('.env');

/** Makes a backup, beside a running Nightjar or without one, and says what is in it. */
export async function runBackup(file: string, { config, log, write, terminal }: ArchiveCommand): Promise<void> {
  const media = await openMedia(config, log);
  const progress = createFilesProgress(terminal);
  const rest = {
    openMedia: media.open,
    models: await listModels(config),
    settingsFile: existsSync(settingsFile) ? settingsFile : undefined,
    version: VERSION,
    nowMs: clock.nowMs(),
    onProgress: ({ files, filesTotal }: { files: number; filesTotal: number }) =>
      progress.show('backup', files, filesTotal),
  };
  const summary = await withTarget({ config, log }, (target) =>
    writeBackup(path.resolve(file), { target, ...rest }),
  ).finally(progress.close);
  tellSummary(summary, write);
  write(`${path.resolve(file)} is whole. It holds keys and pictures: keep it where only you can read it.`);
}

export function tellSummary({ tables, media, models }: BackupSummary, write: (line: string) => void): void {
  const table = new Table({ head: ['what', 'how many'], style: { head: [], border: [] } });
  for (const [name, { rows }] of Object.entries(tables)) table.push([name, rows]);
  table.push(['files', `${media.files} (${(media.bytes / 1024 ** 2).toFixed(1)} MiB)`], ['files of models', models]);
  write(table.toString());
  if (media.missing > 0) write(`${media.missing} files were missing in the media store: nightjar check names them.`);
  if (media.damaged > 0) write(`${media.damaged} files were damaged in the media store: nightjar check names them.`);
}

async function listModels({ dataDir }: Config) {
  const root = toModelsDir(dataDir);
  if (!existsSync(root)) return [];
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  return entries.flatMap((entry) => {
    const file = path.join(entry.parentPath, entry.name);
    const name = path.relative(root, file).split(path.sep);
    // Drafts and downloads under way begin with a dot.
    return entry.isFile() && !name.some((part) => part.startsWith('.')) ? [{ path: name.join('/'), file }] : [];
  });
}
