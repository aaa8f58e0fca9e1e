/** Rows whose file is missing or damaged. What was seen in a frame stays; only its picture is lost. */
import type { Tx } from '../../db/index.ts';
import { requestRemoval } from '../../db/media-removals.ts';
import { toClip, toFrame, type ClipRow, type FrameRow } from '../../db/rows.ts';
import type { NewMessage } from '../../model/index.ts';
import { toClipWire, toFrameWire } from '../../model/wire.ts';
import type { Flaw } from './content.ts';
import { tableOf, type CheckedRow, type CheckOptions, type Repair } from './finding.ts';

const REASONS = {
  missing: 'its file is missing from the media store',
  size: 'its file in the media store was damaged: of another size',
  sha256: 'its file in the media store was damaged: with other content',
} as const;

/** Resolves to what was done, in words; null when nothing was, for waiting or a person must settle it. */
export async function repairRow(
  row: CheckedRow,
  { fault }: Flaw,
  { media, repair }: CheckOptions & { readonly repair: Repair },
): Promise<string | null> {
  if (fault === 'unreadable') return null;
  // Whoever has it in hand finds out by himself, and says so.
  if (row.state === 'leased') return null;
  // First of all: what is removed below must be somewhere.
  const aside = fault === 'missing' ? undefined : await media.copyAside(row.mediaPath);
  const isDone = await repair.transact(async (tx, say) => {
    const changed = await giveUpFile(tx, row, REASONS[fault]);
    if (aside !== undefined && changed.length > 0) await requestRemoval(tx, [row.mediaPath]);
    for (const dead of row.state === 'pending' ? changed : []) say(toMessage(row.kind, dead));
    return changed.length > 0;
  });
  if (!isDone) return null;
  const outcome = row.state === 'pending' ? 'made a dead letter' : 'kept without its file';
  return aside === undefined ? outcome : `${outcome}; the file was moved to ${aside}`;
}

const toMessage = (kind: CheckedRow['kind'], row: FrameRow | ClipRow): NewMessage =>
  kind === 'frame'
    ? { type: 'frame.dead', data: toFrameWire(toFrame(row as FrameRow)) }
    : { type: 'clip.dead', data: toClipWire(toClip(row as ClipRow)) };

/** Nothing if the row has changed meanwhile: then the next check will tell. */
const giveUpFile = (tx: Tx, row: CheckedRow, reason: string) =>
  tx<(FrameRow | ClipRow)[]>`
    update ${tx(tableOf(row))} set media_path = null,
      state = case state when 'pending' then 'dead' else state end,
      processed_at = coalesce(processed_at, now()),
      error_kind = case state when 'pending' then 'not_found' else error_kind end,
      error_message = case state when 'pending' then ${reason} else error_message end
    where id = ${row.id} and state = ${row.state} and media_path = ${row.mediaPath}
    returning *`;
