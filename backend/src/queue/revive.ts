/** Dead letters of either ledger, pending again; which of them may be, the ledger says. */
import type { Database, Fragment, Tx } from '../db/index.ts';
import type { ErrorKind } from '../lib/errors.ts';
import type { CLIPS_CHANNEL, FRAMES_CHANNEL } from './notice.ts';

/** In one transaction: a hundred thousand dead letters hold nobody up. */
export const STEP_MAX = 500;

/** Of all dead letters, those that pass every filter; the times are those of capture, `until` excluded. */
export interface DeadFilter {
  readonly cameraId?: string | undefined;
  readonly kind?: ErrorKind | undefined;
  readonly since?: Date | undefined;
  readonly until?: Date | undefined;
}

export interface RevivedLedger {
  readonly table: 'frames' | 'clips';
  /** Wakes those who work on it, once it is committed. */
  readonly channel: typeof FRAMES_CHANNEL | typeof CLIPS_CHANNEL;
  /** A condition: there is something to work on. */
  readonly hasContent: (tx: Tx) => Fragment;
}

/** As far as the order of the list goes by them. */
interface Row {
  readonly id: string;
  readonly capturedAt: Date;
}

/** Undefined when it is no dead letter any more, or has lost what there was to work on. */
export async function reviveOne<R extends Row>(tx: Tx, ledger: RevivedLedger, id: string): Promise<R | undefined> {
  const picked = select(tx, ledger, tx`state = 'dead' and ${ledger.hasContent(tx)} and id = ${id}`);
  const [row] = await revive<R>(tx, ledger, picked);
  return row;
}

/** Part of the transaction of each step, with how many it takes. */
export type AlsoStep = (tx: Tx, count: number) => Promise<void>;

export interface Revival {
  readonly ledger: RevivedLedger;
  readonly filter: DeadFilter;
  readonly also: AlsoStep | undefined;
}

/** In steps, newest first: what dies again meanwhile is not taken up once more. Resolves to how many. */
export async function reviveDead(db: Database, { ledger, filter, also }: Revival): Promise<number> {
  let count = 0;
  for (let last: Row | undefined; ;) {
    const rows = await db.transaction(async (tx) => {
      const revived = await revive(tx, ledger, select(tx, ledger, whereDead(tx, ledger, filter, last)));
      if (revived.length > 0) await also?.(tx, revived.length);
      return revived;
    });
    last = rows.at(-1);
    if (!last) return count;
    count += rows.length;
  }
}

/** Those that `picked` selects, newest first. */
async function revive<R extends Row>(
  tx: Tx,
  { table, channel }: RevivedLedger,
  picked: Fragment,
): Promise<readonly R[]> {
  const rows = await tx<R[]>`
    update ${tx(table)} set state = 'pending', attempts = 0, available_at = now(), processed_at = null
    from (${picked}) as picked where ${tx(table)}.id = picked.id returning ${tx(table)}.*`;
  if (rows.length > 0) await tx`select pg_notify(${channel}, '')`;
  return [...rows].sort((a, b) => b.capturedAt.getTime() - a.capturedAt.getTime() || (a.id < b.id ? 1 : -1));
}

/** The next of those that have something to work on. */
function select(tx: Tx, { table }: RevivedLedger, where: Fragment): Fragment {
  // Not `skip locked`: what retention is just deleting is waited for, and what it leaves is not overlooked.
  return tx`select id from ${tx(table)} where ${where} order by captured_at desc, id desc limit ${STEP_MAX} for update`;
}

/** A condition: dead letters with content that pass the filter, below the last one of the step before, so that each is met once. */
export function whereDead(
  tx: Tx,
  { hasContent }: Pick<RevivedLedger, 'hasContent'>,
  { cameraId, kind, since, until }: DeadFilter,
  last?: Row,
): Fragment {
  const filters = [
    ...(last ? [tx`(captured_at, id) < (${last.capturedAt}, ${last.id})`] : []),
    ...(cameraId === undefined ? [] : [tx`camera_id = ${cameraId}`]),
    ...(kind === undefined ? [] : [tx`error_kind = ${kind}`]),
    ...(since === undefined ? [] : [tx`captured_at >= ${since}`]),
    ...(until === undefined ? [] : [tx`captured_at < ${until}`]),
  ];
  return filters.reduce((all, one) => tx`${all} and ${one}`, tx`state = 'dead' and ${hasContent(tx)}`);
}
