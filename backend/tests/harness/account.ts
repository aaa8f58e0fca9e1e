import type { Sql, Tx } from '../../src/db/index.ts';
import type { Message } from '../../src/model/wire.ts';

/** What must hold of the database whatever happened, in one look. */
export interface Account {
  readonly states: Record<string, number>;
  readonly duplicates: number;
  /** Frames whose detections came from more than one examination. */
  readonly doubled: number;
  /** Told frames minus frames with detections. */
  readonly untold: number;
  readonly seqs: { readonly count: number; readonly first: number; readonly last: number };
  readonly head: number;
  readonly eventFaults: number;
}

/** Of one moment: events may still be closing. */
export const readAccount = (sql: Sql): Promise<Account> =>
  sql.begin('isolation level repeatable read read only', readAll);

async function readAll(sql: Tx): Promise<Account> {
  const states = await sql<{ state: string; count: number }[]>`select state, count(*) from frames group by state`;
  const one = async (query: ReturnType<typeof sql<{ value: number }[]>>) => (await query)[0]?.value ?? -1;
  const [seqs] = await sql<{ count: number; first: number; last: number }[]>`
    select count(*), coalesce(min(seq), 0) as first, coalesce(max(seq), 0) as last from outbox`;
  return {
    states: Object.fromEntries(states.map(({ state, count }) => [state, count])),
    duplicates: await one(
      sql`select count(*) - count(distinct (camera_id, sha256)) as value from frames where sha256 is not null and clip_id is null`,
    ),
    doubled: await one(sql`
      select count(*) as value from (
        select frame_id from detections group by frame_id, label, x, y, width, height having count(*) > 1) as twice`),
    untold: await one(sql`
      select (select count(distinct frame_id) from detections)
        - (select count(distinct data -> 'frame' ->> 'id') from outbox where type = 'detection.created')
        + (select count(*) - count(distinct data -> 'frame' ->> 'id') from outbox where type = 'detection.created') * 1000 as value`),
    seqs: seqs ?? { count: 0, first: 0, last: 0 },
    head: await one(sql`select seq as value from outbox_head`),
    eventFaults: await one(sql`
      select count(*) as value from events where
        detection_count <> (select count(*) from detections where event_id = events.id)
        or frame_count <> (select count(distinct frame_id) from detections where event_id = events.id)`),
  };
}

/** Whether a client heard 1, 2, 3, ... without gap, double or disorder. */
export const isGapless = (messages: readonly Message[]): boolean =>
  messages.every(({ seq }, index) => seq === index + 1);
