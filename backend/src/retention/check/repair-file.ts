/**
 * Files that no row speaks of. Whatever they are, their bytes are kept: given back to the row that lost them, recorded
 * anew (so that nothing is lost after an older backup was restored), or moved aside for a person to look at.
 */
import type { Tx } from '../../db/index.ts';
import { keepStored, requestRemoval, toContent } from '../../db/media-removals.ts';
import { toMessage, toNightjarError } from '../../lib/errors.ts';
import { toTime } from '../../model/wire.ts';
import { hash } from './content.ts';
import type { StoredFile } from './files.ts';
import type { CheckOptions, Repair } from './finding.ts';

type Options = CheckOptions & { readonly repair: Repair };

/** Resolves to what was done, in words; null when the file could not be read. */
export async function repairFile(file: StoredFile, options: Options): Promise<string | null> {
  const { media, repair } = options;
  const { sha256, extension } = toContent(file.mediaPath);
  const found = await media.open(file.mediaPath).then(({ stream }) => hash(stream()), toNothing); // prettier-ignore
  if (found === undefined) return null;
  if (found !== sha256) return moveAside(file, 'its content is not what its name says', options);
  const givenBack = await repair.transact((tx) => giveBack(tx, file));
  if (givenBack > 0) return `given back to ${givenBack} row(s) that had lost it`;
  if (!(await isCameraKnown(file, options))) return moveAside(file, 'no camera has this name', options);
  const clipType = repair.toClipType(extension);
  if (clipType !== undefined) return record(file, options, (tx) => insertClip(tx, file, clipType, repair));
  const picture = await look(file, options);
  if (typeof picture === 'string') return moveAside(file, picture, options);
  return record(file, options, (tx) => insertFrame(tx, file, picture, repair));
}

/** A disk that does not give a file shows as nothing to be done: the next check tells whether it does then. */
const toNothing = (): undefined => undefined;

/** The facts of a picture, or why it is none. */
async function look({ mediaPath, size }: StoredFile, { media, repair }: Options) {
  if (size > repair.imageBytesMax) return `larger than ${repair.imageBytesMax} bytes`;
  try {
    return await repair.inspect(await media.read(mediaPath), toName(mediaPath));
  } catch (thrown) {
    if (toNightjarError(thrown).kind === 'invalid') return toMessage(thrown);
    throw thrown;
  }
}

async function moveAside({ mediaPath }: StoredFile, reason: string, { media, repair }: Options): Promise<string> {
  const aside = await media.copyAside(mediaPath);
  // Not at once: it may be recorded in this very moment, and the removal of files knows how not to be in the way.
  await repair.transact((tx) => requestRemoval(tx, [mediaPath]));
  return `moved to ${aside}: ${reason}`;
}

async function giveBack(tx: Tx, { mediaPath, size }: StoredFile): Promise<number> {
  const { cameraId, sha256 } = toContent(mediaPath);
  const alone = await tx`
    update frames set media_path = ${mediaPath}
    where camera_id = ${cameraId} and sha256 = ${sha256} and clip_id is null and media_path is null and bytes = ${size}`;
  const ofClips = await tx`
    update frames set media_path = ${mediaPath}
    where camera_id = ${cameraId} and sha256 = ${sha256} and clip_id is not null and media_path is null and bytes = ${size}`;
  const clips = await tx`
    update clips set media_path = ${mediaPath}
    where camera_id = ${cameraId} and sha256 = ${sha256} and media_path is null and bytes = ${size}`;
  return alone.count + ofClips.count + clips.count;
}

async function isCameraKnown({ mediaPath }: StoredFile, { db }: Options): Promise<boolean> {
  const rows = await db.query((sql) => sql`select from cameras where id = ${toContent(mediaPath).cameraId}`);
  return rows.length > 0;
}

async function record(file: StoredFile, options: Options, insert: (tx: Tx) => Promise<number>): Promise<string> {
  const { media, repair } = options;
  const count = await repair.transact(async (tx) => {
    const inserted = await insert(tx);
    await keepStored(tx, [file.mediaPath], media.has);
    return inserted;
  });
  return count > 0 ? 'recorded again, to be examined' : 'there is a row of this content now';
}

/** All that is known of when it was taken is the time of the file. */
async function insertFrame(
  tx: Tx,
  { mediaPath, size, modifiedAt }: StoredFile,
  { mediaType, width, height }: Awaited<ReturnType<Repair['inspect']>>,
  { newId }: Repair,
): Promise<number> {
  const { cameraId, sha256 } = toContent(mediaPath);
  const rows = await tx`
    insert into frames (id, camera_id, state, source_name, sha256, media_type, media_path, width, height, bytes, captured_at)
    values (${newId()}, ${cameraId}, 'pending', ${toName(mediaPath)}, ${sha256}, ${mediaType}, ${mediaPath}, ${width},
      ${height}, ${size}, ${toTime(modifiedAt)})
    on conflict (camera_id, sha256) where clip_id is null do nothing`;
  return rows.count;
}

async function insertClip(
  tx: Tx,
  { mediaPath, size, modifiedAt }: StoredFile,
  mediaType: string,
  { newId }: Repair,
): Promise<number> {
  const { cameraId, sha256 } = toContent(mediaPath);
  const rows = await tx`
    insert into clips (id, camera_id, state, source_name, sha256, media_type, media_path, bytes, captured_at, captured_from)
    values (${newId()}, ${cameraId}, 'pending', ${toName(mediaPath)}, ${sha256}, ${mediaType}, ${mediaPath}, ${size},
      ${toTime(modifiedAt)}, 'modified')
    on conflict (camera_id, sha256) do nothing`;
  return rows.count;
}

const toName = (mediaPath: string): string => mediaPath.slice(mediaPath.lastIndexOf('/') + 1);
