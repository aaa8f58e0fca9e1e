/** `nightjar frames`: the ledger of frames on a terminal. */
import { toFrame, type FrameRow } from '../db/rows.ts';
import { toFrameWire } from '../model/wire.ts';
import { createRequeue } from '../queue/index.ts';
import { createLedgerActions } from './ledger.ts';
import { toFrameFacts, type FrameFacts } from './ledger-report.ts';

export const frames = createLedgerActions({
  noun: 'frame',
  toNoun: toFrame,
  toWire: toFrameWire,
  async readFacts(sql, id, kept) {
    const [row] = await sql<(FrameRow & FrameFacts)[]>`
      select frames.*, cameras.name as camera_name, cameras.folder as camera_folder,
        array(select path from inbox_files where frame_id = frames.id order by path) as inbox_paths,
        (select count(*) from detections where frame_id = frames.id) as detection_count
      from frames join cameras on cameras.id = frames.camera_id where frames.id = ${id}`;
    return row && toFrameFacts(row, kept);
  },
  createRequeue(options) {
    const { one, dead } = createRequeue(options);
    const words = { pending: 'pending again', forgotten: 'forgotten; its file in the inbox is looked at anew' };
    return { dead, one: async (id, also) => words[(await one(id, also)).outcome] };
  },
});
