/**
 * Junk that was taken out of the inbox and kept: looked at once more, for the limit that it broke may have been raised, or
 * the program may have learned its format. What is a picture by now gets the facts of one; it is a dead letter still.
 */
import type { Database } from '../db/index.ts';
import { toFrame, type FrameRow } from '../db/rows.ts';
import { isFinal, NightjarError, toMessage } from '../lib/errors.ts';
import type { Frame } from '../model/index.ts';
import { STEP_MAX, whereDead, type DeadFilter, type RevivedLedger } from './revive.ts';

/** The facts of a stored file as a picture. Throws `invalid` with the reason if it is none that may be examined. */
export type Inspect = (
  mediaPath: string,
  sourceName: string,
) => Promise<{ readonly mediaType: string; readonly width: number; readonly height: number }>;

type Junk = Frame & { readonly mediaPath: string };

export const isKeptJunk = (frame: Frame): frame is Junk =>
  frame.width === null && frame.sha256 !== null && frame.mediaPath !== null;

/** Throws `conflict`, with the reason, for what is no picture still. */
export async function lookAgain(db: Database, inspect: Inspect, { id, mediaPath, sourceName }: Junk): Promise<void> {
  const { mediaType, width, height } = await inspect(mediaPath, sourceName).catch((thrown: unknown) => {
    if (!isFinal(thrown)) throw thrown;
    throw new NightjarError('conflict', `it still cannot be examined: ${toMessage(thrown)}`, { cause: thrown });
  });
  await db.query((sql) => sql`
    update frames set media_type = ${mediaType}, width = ${width}, height = ${height}
    where id = ${id} and state = 'dead' and width is null and media_path = ${mediaPath}`); // prettier-ignore
}

/** At all that pass the filter, in steps; what is no picture still is passed over. */
export async function lookAgainAtAll(db: Database, inspect: Inspect, filter: DeadFilter): Promise<void> {
  for (let last: FrameRow | undefined; ;) {
    const rows = await db.transaction(
      (tx) => tx<FrameRow[]>`
      select * from frames where ${whereDead(tx, junk, filter, last)} order by captured_at desc, id desc limit ${STEP_MAX}`,
    );
    for (const frame of rows.map(toFrame).filter(isKeptJunk))
      await lookAgain(db, inspect, frame).catch((thrown: unknown) => {
        if (!isFinal(thrown)) throw thrown;
      });
    last = rows.at(-1);
    if (!last) return;
  }
}

const junk: Pick<RevivedLedger, 'hasContent'> = {
  hasContent: (tx) => tx`width is null and sha256 is not null and media_path is not null`,
};
