/** `nightjar clips`: the ledger of clips on a terminal. */
import { toClip, type ClipRow } from '../db/rows.ts';
import { toClipWire } from '../model/wire.ts';
import { createClipRequeue } from '../queue/index.ts';
import { createLedgerActions } from './ledger.ts';
import { toClipFacts, type ClipFacts } from './ledger-report.ts';

export const clips = createLedgerActions({
  noun: 'clip',
  toNoun: toClip,
  toWire: toClipWire,
  async readFacts(sql, id, kept) {
    const [row] = await sql<(ClipRow & ClipFacts)[]>`
      select clips.*, cameras.name as camera_name, cameras.folder as camera_folder,
        array(select path from inbox_files where clip_id = clips.id order by path) as inbox_paths,
        (select count(*) from frames where clip_id = clips.id) as frame_count,
        (select count(*) from frames where clip_id = clips.id and state = 'dead') as dead_count
      from clips join cameras on cameras.id = clips.camera_id where clips.id = ${id}`;
    return row && toClipFacts(row, kept);
  },
  createRequeue(options) {
    const { one, dead } = createClipRequeue(options);
    return { dead, one: (id, also) => one(id, also).then(() => 'pending again') };
  },
});
