import { createWriteStream, existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { restoreBackup, type RestoreTargets } from '../backup/index.ts';
import { toModelsDir, type Config } from '../config.ts';
import { createEmbeddedPostgres, isOwnerHeld, type DatabaseTarget } from '../db/index.ts';
import { NightjarError } from '../lib/errors.ts';
import type { Logger } from '../lib/log.ts';
import type { MediaStore } from '../media/index.ts';
import { openMedia } from '../stores.ts';
import { settingsFile, tellSummary, type ArchiveCommand } from './backup.ts';
import { createFilesProgress } from './files-progress.ts';

/** Puts a backup back where nothing is yet. Throws `conflict` while a Nightjar is running there. */
export async function runRestore(file: string, { config, log, write, terminal }: ArchiveCommand): Promise<void> {
  const media = await openMedia(config, log);
  const progress = createFilesProgress(terminal);
  const targets = {
    ...toFileTargets(config, media, write),
    onProgress: ({ phase, files, filesTotal }: Parameters<RestoreTargets['onProgress']>[0]) =>
      progress.show(phase, files, filesTotal),
  };
  const summary = await withIdleTarget(config, log, (target) =>
    restoreBackup(path.resolve(file), { target, ...targets }),
  ).finally(progress.close);
  tellSummary(summary, write);
  write('restored. Start Nightjar as before.');
}

/** A database that no Nightjar is using. */
async function withIdleTarget<T>(
  { databaseUrl, dataDir }: Config,
  log: Logger,
  use: (target: DatabaseTarget) => Promise<T>,
): Promise<T> {
  if (databaseUrl === undefined) {
    const server = await createEmbeddedPostgres({ dataDir, log });
    return use(server.target).finally(() => server.close());
  }
  if (await isOwnerHeld({ url: databaseUrl }))
    throw new NightjarError('conflict', 'a Nightjar is running on this database: stop it first');
  return use({ url: databaseUrl });
}

function toFileTargets(config: Config, media: MediaStore, write: (line: string) => void) {
  return {
    async storeMedia({ mediaPath, size, content }) {
      const [cameraId = '', , name = ''] = mediaPath.split('/');
      const [sha256 = '', extension = ''] = name.split('.');
      await media.putStream({ cameraId, sha256, extension, size, open: () => Readable.from(content) });
    },
    async storeModel(name, content) {
      const target = path.join(toModelsDir(config.dataDir), name);
      await mkdir(path.dirname(target), { recursive: true });
      await pipeline(Readable.from(content), createWriteStream(target));
    },
    async storeSettings(bytes) {
      const isFree = !existsSync(settingsFile);
      const target = isFree ? settingsFile : `${settingsFile}.from-backup`;
      await writeFile(target, bytes, { mode: 0o600 });
      if (!isFree) write(`the settings of the backup are in ${target}: yours were left as they are`);
    },
  } satisfies Partial<RestoreTargets>;
}
