/** A ledger on a terminal: directly from the database, whether Nightjar runs on it or not. */
import path from 'node:path';
import { recordCliChange } from '../api/index.ts';
import type { Sql, Tx } from '../db/index.ts';
import { NightjarError, toNightjarError } from '../lib/errors.ts';
import { openMedia, toInspect } from '../stores.ts';
import type { DeadFilter, RequeueOptions } from '../queue/index.ts';
import type { ListFlags } from './ledger-commands.ts';
import { toLedgerTable, toLines, type Entry, type Facts } from './ledger-report.ts';
import type { CommandOptions } from './serve.ts';
import { withDatabase } from './with-database.ts';

export interface LedgerActions {
  list(flags: ListFlags, options: CommandOptions): Promise<void>;
  /** Throws `not_found`. */
  show(id: string, options: CommandOptions): Promise<void>;
  /** Each for itself; resolves to the exit code: 0 when all of them get another chance. */
  requeueSome(ids: readonly string[], options: CommandOptions): Promise<number>;
  requeueAll(filter: DeadFilter, options: CommandOptions): Promise<void>;
}

export interface Ledger<Row extends object, Noun extends Entry> {
  readonly noun: 'frame' | 'clip';
  readonly toNoun: (row: Row) => Noun;
  readonly toWire: (noun: Noun) => object;
  /** Everything about one. `kept` is where the media store is. */
  readonly readFacts: (sql: Sql, id: string, kept: string) => Promise<Facts | undefined>;
  readonly createRequeue: (options: RequeueOptions) => LedgerRequeue<Noun>;
}

interface LedgerRequeue<Noun> {
  /** Resolves to what came of it, in words. `also` is part of the transaction, as below. */
  one(id: string, also: (tx: Tx, change: { before: Noun; after: Noun | null }) => Promise<void>): Promise<string>;
  dead(filter: DeadFilter, also: (tx: Tx, count: number) => Promise<void>): Promise<number>;
}

export function createLedgerActions<Row extends object, Noun extends Entry>(ledger: Ledger<Row, Noun>): LedgerActions {
  const { noun } = ledger;

  function withRequeue<T>(where: Where, use: (requeue: LedgerRequeue<Noun>) => Promise<T>): Promise<T> {
    return withDatabase(where, async (db) => {
      const media = await openMedia(where.config, where.log);
      return use(ledger.createRequeue({ db, hasMedia: media.has, inspect: toInspect(media, where.config) }));
    });
  }

  const recordOne = (tx: Tx, { before, after }: { before: Noun; after: Noun | null }): Promise<void> =>
    recordCliChange(tx, {
      ...{ action: `${noun}.requeued`, targetId: before.id },
      ...{ before: ledger.toWire(before), after: after && ledger.toWire(after) },
    });

  return {
    async list({ json = false, ...flags }, { write, ...where }) {
      const rows = await withDatabase(where, (db) => db.query((sql) => readRows<Row>(sql, `${noun}s`, flags)));
      const found = rows.map(ledger.toNoun);
      if (json) for (const one of found) write(JSON.stringify(ledger.toWire(one)));
      else write(found.length === 0 ? `no such ${noun}s` : toLedgerTable(found));
    },
    async show(id, { write, ...where }) {
      const { dataDir, inbox, mediaUrl } = where.config;
      const kept = mediaUrl ?? path.join(dataDir, 'media');
      const facts = await withDatabase(where, (db) => db.query((sql) => ledger.readFacts(sql, id, kept)));
      if (!facts) throw new NightjarError('not_found', `there is no ${noun} with this id`);
      for (const line of toLines(facts, inbox)) write(line);
    },
    requeueSome: (ids, { write, ...where }) =>
      withRequeue(where, async (requeue) => {
        let failed = 0;
        for (const id of ids)
          await requeue.one(id, recordOne).then(
            (outcome) => write(`${id}: ${outcome}`),
            (thrown: unknown) => {
              const { kind, message } = toNightjarError(thrown);
              if (kind !== 'conflict' && kind !== 'not_found') throw thrown;
              failed += 1;
              write(`${id}: ${message}`);
            },
          );
        return failed === 0 ? 0 : 1;
      }),
    requeueAll: (filter, { write, ...where }) =>
      withRequeue(where, async (requeue) => {
        const query = toQuery(filter);
        const recordStep = (tx: Tx, count: number): Promise<void> =>
          recordCliChange(tx, { action: `${noun}s.requeued`, targetId: null, before: null, after: { requeued: count, query } }); // prettier-ignore
        write(`${await requeue.dead(filter, recordStep)} ${noun}(s) pending again`);
      }),
  };
}

/** As the API would be asked for the same. */
const toQuery = ({ cameraId: camera_id, kind }: DeadFilter) => ({ state: 'dead', camera_id, kind });

type Where = Omit<CommandOptions, 'write'>;

const readRows = <Row extends object>(sql: Sql, table: string, { state, camera, limit }: ListFlags) => sql<Row[]>`
  select * from ${sql(table)}
  where true ${state === undefined ? sql`` : sql`and state = ${state}`} ${camera === undefined ? sql`` : sql`and camera_id = ${camera}`}
  order by captured_at desc, id desc limit ${limit}`;
