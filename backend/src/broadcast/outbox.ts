/** The durable messages: rows of `outbox`, numbered in commit order. */
import { NightjarError } from '../lib/errors.ts';
import type { Database, Tx } from '../db/index.ts';
import type { NewMessage, TracedMessage } from '../model/index.ts';
import { toTime } from '../model/wire.ts';

interface OutboxRow {
  readonly seq: number;
  readonly type: string;
  readonly at: Date;
  readonly data: unknown;
  readonly traceParent: string | null;
}

/**
 * Stores messages with the next numbers of the sequence, inside the transaction whose changes they tell of; hand them to
 * `bus.publish` after the commit. All get the time `at`.
 *
 * The numbers come from the one row of `outbox_head`, whose lock is held until the transaction ends. So the next
 * publisher waits for this commit, and sequence order is commit order; and a rollback gives the numbers back, so there
 * is never a gap. Hence this must be the LAST statement of its transaction:
 * - every publisher of the house waits while the lock is held, so only the commit itself may come after it;
 * - a transaction that took this lock and then waited for a row of someone who waits for this lock would be a deadlock.
 *   Taken last by everybody, it cannot be part of one.
 * For the same reason it is one round trip, not two. Needs READ COMMITTED (the default): stricter levels would fail
 * instead of waiting.
 */
export async function publish(tx: Tx, messages: readonly NewMessage[], at: Date): Promise<readonly TracedMessage[]> {
  if (messages.length === 0) return [];
  // `::text` first: told that the parameter is jsonb, the driver would encode our JSON text once more, as a string.
  const [head] = await tx<{ seq: number }[]>`
    with head as (
      update outbox_head set seq = seq + ${messages.length}::int returning seq
    ), stored as (
      insert into outbox (seq, type, at, data, trace_parent)
      select head.seq - ${messages.length}::int + position, item ->> 'type', ${at}::timestamptz, item -> 'data', item ->> 'traceParent'
      from head, jsonb_array_elements(${JSON.stringify(messages)}::text::jsonb) with ordinality as given (item, position)
    )
    select seq from head`;
  if (!head) throw new NightjarError('internal', 'outbox_head has no row: the database is not migrated');
  const first = head.seq - messages.length + 1;
  return messages.map((message, index) => ({ seq: first + index, at: toTime(at), ...message }));
}

/** At most `limit` messages above `seq`, in order. The first may be later than `seq + 1`: then those between are pruned. */
export async function readAfter(db: Database, seq: number, limit: number): Promise<readonly TracedMessage[]> {
  const rows = await db.query(
    (sql) =>
      sql<
        OutboxRow[]
      >`select seq, type, at, data, trace_parent from outbox where seq > ${seq} order by seq limit ${limit}`,
  );
  return rows.map(toMessage);
}

// Rows are passed on as they were stored and not judged by today's schema: what another version wrote must still replay.
const toMessage = ({ seq, type, at, data, traceParent }: OutboxRow): TracedMessage =>
  ({ seq, type, at: toTime(at), data, ...(traceParent !== null && { traceParent }) }) as TracedMessage;

/** The last number given; 0 before the first message. */
export async function readLatest(db: Database): Promise<number> {
  const [head] = await db.query((sql) => sql<{ seq: number }[]>`select seq from outbox_head`);
  return head?.seq ?? 0;
}

/** The lowest number that can still be replayed; the next one to come when nothing is kept. */
export async function readOldest(db: Database): Promise<number> {
  const [row] = await db.query(
    (sql) => sql<{ oldest: number }[]>`
      select coalesce((select min(seq) from outbox), seq + 1) as oldest from outbox_head`,
  );
  return row?.oldest ?? 1;
}

/**
 * One small step of forgetting: deletes at most `limit` messages from before `olderThan`, oldest first, and returns how
 * many; call again until it is fewer than `limit`. Only ever a prefix goes: times may step back (clocks do), and a hole
 * in the middle would be a gap that no client is told of.
 */
export async function prune(db: Database, olderThan: Date, limit: number): Promise<number> {
  const deleted = await db.query(
    (sql) => sql`
      with oldest as (
        select seq, at from outbox order by seq limit ${limit}
      )
      delete from outbox
      where seq in (select seq from oldest)
        and not exists (select from oldest as kept where kept.at >= ${olderThan} and kept.seq <= outbox.seq)`,
  );
  return deleted.count;
}

/** Which house this database is: messages of others on the same Redis are not ours. */
export async function readHouseId(db: Database): Promise<string> {
  const [head] = await db.query((sql) => sql<{ houseId: string }[]>`select house_id from outbox_head`);
  if (!head) throw new NightjarError('internal', 'outbox_head has no row: the database is not migrated');
  return head.houseId;
}
