import type { Database } from '../db/index.ts';

/** A series for each: those that are beyond are not told of. */
const CAMERAS_MAX = 500;

/** What the ledger says at this moment, for all processes of the house alike. */
export interface LedgerFigures {
  /** Of enabled cameras that ever sent something: when a file of theirs came last, seconds since 1970. */
  readonly lastSeenS: readonly (readonly [value: number, cameraId: string])[];
  /** Deliveries of alerts that wait, or are under way. */
  readonly deliveriesWaiting: number;
  /** Given up of those made within the last day. */
  readonly deliveriesDead: number;
}

interface DeliveriesRow {
  readonly waiting: number;
  readonly dead: number;
}

/** Two short statements, by indexes: a look every few seconds costs nothing. */
export async function readLedger(db: Pick<Database, 'query'>): Promise<LedgerFigures> {
  const cameras = await db.query((sql) => sql<{ id: string; lastSeenS: number }[]>`
    select id, extract(epoch from last_seen_at)::float8 as last_seen_s from cameras
    where enabled and deleted_at is null and last_seen_at is not null order by id limit ${CAMERAS_MAX}`); // prettier-ignore
  const [deliveries] = await db.query((sql) => sql<DeliveriesRow[]>`
    select (select count(*) from deliveries where state = 'pending') + (select count(*) from deliveries where state = 'leased') as waiting,
      (select count(*) from deliveries where state in ('done', 'dead') and state = 'dead' and created_at > now() - interval '1 day') as dead`); // prettier-ignore
  return {
    lastSeenS: cameras.map(({ id, lastSeenS }) => [lastSeenS, id]),
    deliveriesWaiting: deliveries?.waiting ?? 0,
    deliveriesDead: deliveries?.dead ?? 0,
  };
}
