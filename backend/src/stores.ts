/** Where rows and files are kept, as the configuration chooses. */
import path from 'node:path';
import type { Config } from './config.ts';
import { createEmbeddedPostgres, type DatabaseTarget } from './db/index.ts';
import { inspectPicture } from './ingest/index.ts';
import { systemClock as clock } from './lib/clock.ts';
import type { Closers } from './lib/lifecycle.ts';
import type { Logger } from './lib/log.ts';
import { parseS3Url } from './lib/s3-url.ts';
import { createDiskStore, openS3Store, type MediaStore } from './media/index.ts';

/** A last checkpoint on a slow disk takes its time, and must not be given up. */
const SERVER_CLOSE_MS_MAX = 35_000;

export async function openServer(config: Config, log: Logger, closers: Closers): Promise<DatabaseTarget> {
  if (config.databaseUrl !== undefined) return { url: config.databaseUrl };
  const server = await createEmbeddedPostgres({ dataDir: config.dataDir, log });
  return closers.add('embedded PostgreSQL', server, SERVER_CLOSE_MS_MAX).target;
}

export async function openMedia({ dataDir, mediaUrl, s3 }: Config, log: Logger): Promise<MediaStore> {
  if (mediaUrl === undefined) return createDiskStore({ root: path.join(dataDir, 'media'), log });
  const { accessKeyId = '', secretAccessKey = '' } = s3;
  const scratchDir = path.join(dataDir, 'media-copies');
  const credentials = { accessKeyId, secretAccessKey };
  return openS3Store({ place: parseS3Url(mediaUrl), credentials, scratchDir, clock, log });
}

/** A stored file as a picture, by the limits of now. Throws `invalid` with the reason if it is none that may be examined. */
export const toInspect =
  (media: Pick<MediaStore, 'read'>, { imagePixelsMax: pixelsMax }: Pick<Config, 'imagePixelsMax'>) =>
  async (mediaPath: string, name: string) =>
    inspectPicture(await media.read(mediaPath), { ending: 'open', name, pixelsMax });
