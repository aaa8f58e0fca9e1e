/** Whether database and media store belong together: a store that is not mounted would be "repaired" from end to end. */
import type { Sql } from '../../db/index.ts';
import { NightjarError } from '../../lib/errors.ts';
import type { CheckOptions } from './finding.ts';

/** So many of the oldest files, and of the youngest. Few of a house that belongs together are missing all at once. */
const SAMPLES = 10;
/** With fewer, they may well be all that is missing. */
const SAMPLES_MIN = 5;

/** Throws `conflict` when a repair would most likely do harm. */
export async function assertPlausible({ db, media }: Pick<CheckOptions, 'db' | 'media'>): Promise<void> {
  const hasFiles = await hasAny(media.list());
  const [camera] = await db.query((sql) => sql`select from cameras limit 1`);
  if (!camera && hasFiles) throw refusal('the database knows no camera, but there are files: is it the right one?');
  const paths = await db.query(readSamples);
  if (paths.length > 0 && !hasFiles) throw refusal('the media store is empty, but rows speak of files: is it mounted?');
  const there = await Promise.all(paths.map((mediaPath) => media.has(mediaPath)));
  if (paths.length >= SAMPLES_MIN && !there.includes(true))
    throw refusal(`the media store has none of ${paths.length} files that rows speak of: is it the right one?`);
}

const refusal = (reason: string): NightjarError =>
  new NightjarError('conflict', `${reason} If all that is missing is lost for good, repair with --force.`);

async function hasAny(things: AsyncIterable<unknown>): Promise<boolean> {
  for await (const _ of things) return true;
  return false;
}

async function readSamples(sql: Sql): Promise<readonly string[]> {
  const rows = await sql<{ mediaPath: string }[]>`
    (select media_path from frames where media_path is not null order by id limit ${SAMPLES})
    union (select media_path from frames where media_path is not null order by id desc limit ${SAMPLES})`;
  return rows.map(({ mediaPath }) => mediaPath);
}
