/** The ledger on a terminal: directly from the database, whether Nightjar runs on it or not. */
import path from 'node:path';
import { toFrame, type FrameRow } from '../db/rows.ts';
import { NightjarError, toNightjarError } from '../lib/errors.ts';
import { toFrameWire } from '../model/wire.ts';
import { openMedia } from '../parts.ts';
import { createRequeue, type DeadFilter, type Requeue } from '../queue/index.ts';
import type { ListFlags } from './frames-commands.ts';
import { toFacts, toFrameTable, type FrameFacts } from './frames-report.ts';
import type { CommandOptions } from './serve.ts';
import { withDatabase } from './with-database.ts';

export async function runFramesList(flags: ListFlags, { write, ...where }: CommandOptions): Promise<void> {
  const { state, camera, limit, json = false } = flags;
  const rows = await withDatabase(where, (db) =>
    db.query(
      (sql) => sql<FrameRow[]>`
        select * from frames
        where true ${state === undefined ? sql`` : sql`and state = ${state}`} ${camera === undefined ? sql`` : sql`and camera_id = ${camera}`}
        order by captured_at desc, id desc limit ${limit}`,
    ),
  );
  const frames = rows.map(toFrame);
  if (json) for (const frame of frames) write(JSON.stringify(toFrameWire(frame)));
  else write(frames.length === 0 ? 'no such frames' : toFrameTable(frames));
}

/** Throws `not_found`. */
export async function runFramesShow(id: string, { write, ...where }: CommandOptions): Promise<void> {
  const { dataDir, inbox, mediaUrl } = where.config;
  const facts = await withDatabase(where, (db) =>
    db.query(async (sql) => {
      const [row] = await sql<(FrameRow & FrameFacts)[]>`
        select frames.*, cameras.name as camera_name, cameras.folder as camera_folder,
          array(select path from inbox_files where frame_id = frames.id order by path) as inbox_paths,
          (select count(*) from detections where frame_id = frames.id) as detection_count
        from frames join cameras on cameras.id = frames.camera_id where frames.id = ${id}`;
      return row;
    }),
  );
  if (!facts) throw new NightjarError('not_found', 'there is no frame with this id');
  const kept = mediaUrl ?? path.join(dataDir, 'media');
  for (const line of toFacts(facts, { kept, inbox })) write(line);
}

/** Each for itself; resolves to the exit code: 0 when all of them get another chance. */
export function runRequeueSome(ids: readonly string[], { write, ...where }: CommandOptions): Promise<number> {
  return withRequeue(where, async (requeue) => {
    let failed = 0;
    for (const id of ids)
      write(
        await requeue.one(id).then(
          ({ outcome }) =>
            `${id}: ${outcome === 'pending' ? 'pending again' : 'forgotten; its file in the inbox is looked at anew when ingest next starts'}`,
          (thrown: unknown) => {
            const { kind, message } = toNightjarError(thrown);
            if (kind !== 'conflict' && kind !== 'not_found') throw thrown;
            failed += 1;
            return `${id}: ${message}`;
          },
        ),
      );
    return failed === 0 ? 0 : 1;
  });
}

export const runRequeueAll = (filter: DeadFilter, { write, ...where }: CommandOptions): Promise<void> =>
  withRequeue(where, async (requeue) => write(`${await requeue.dead(filter)} frame(s) pending again`));

function withRequeue<T>(where: Omit<CommandOptions, 'write'>, use: (requeue: Requeue) => Promise<T>): Promise<T> {
  return withDatabase(where, async (db) => {
    const media = await openMedia(where.config, where.log);
    return use(createRequeue({ db, hasMedia: media.has }));
  });
}
