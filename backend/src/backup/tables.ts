/** Rows out of PostgreSQL and into it again, table by table, in pieces of whole rows, never all at once. */
import type { Tx } from '../db/index.ts';
import { NightjarError } from '../lib/errors.ts';
import type { TableShape } from './format.ts';

const ROWS_AT_ONCE = 500;
const PIECE_CHARS = 4 * 1024 ** 2;

/** Made of the rows of others by triggers (migration 0005): they are there again when those rows are. */
const DERIVED = ['event_labels', 'tallies', 'tally_deltas'];

/** A house that is restored has secrets of its own: whoever has the archive could else make sessions for it. */
const KEPT_AT_HOME = ['house_secrets'];

/** All tables of ours but these, those that others refer to first. */
export async function readShapes(tx: Tx): Promise<readonly TableShape[]> {
  const tables = await tx<{ name: string; columns: string[] }[]>`
    select relname as name, (select array_agg(attname::text order by attnum) from pg_attribute
      where attrelid = pg_class.oid and attnum > 0 and not attisdropped and attgenerated = '') as columns
    from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace and relname <> all(${[...DERIVED, ...KEPT_AT_HOME]}::text[]) order by relname`;
  const links = await tx<{ from: string; to: string }[]>`
    select child.relname as from, parent.relname as to from pg_constraint
    join pg_class child on child.oid = conrelid join pg_class parent on parent.oid = confrelid
    where contype = 'f' and connamespace = 'public'::regnamespace and conrelid <> confrelid`;
  return inOrder(tables.map(({ name, columns }) => ({ name, columns })), links); // prettier-ignore
}

/** Throws `internal` when tables refer to each other in a circle: then no order can fill them. */
export function inOrder<T extends { readonly name: string }>(
  tables: readonly T[],
  links: readonly { readonly from: string; readonly to: string }[],
): readonly T[] {
  const ordered: T[] = [];
  let left = [...tables];
  while (left.length > 0) {
    const names = new Set(left.map(({ name }) => name));
    const free = left.filter(({ name }) => !links.some((link) => link.from === name && names.has(link.to)));
    if (free.length === 0) throw new NightjarError('internal', 'the tables refer to each other in a circle');
    ordered.push(...free);
    left = left.filter((table) => !free.includes(table));
  }
  return ordered;
}

/**
 * The rows as lines of JSON, in pieces of about 4 MiB. A cursor, not COPY: the driver can stay paused for ever when the
 * end of a COPY comes in one packet with its last rows.
 */
export async function* readRows(tx: Tx, { name }: TableShape): AsyncGenerator<{ piece: Buffer; rows: number }> {
  const cursor = tx<{ row: string }[]>`select row_to_json(given)::text as row from ${tx(name)} as given`;
  let lines: string[] = [];
  let chars = 0;
  for await (const rows of cursor.cursor(ROWS_AT_ONCE)) {
    for (const { row } of rows) {
      lines.push(row);
      chars += row.length;
    }
    if (chars < PIECE_CHARS) continue;
    yield toPiece(lines);
    lines = [];
    chars = 0;
  }
  if (lines.length > 0) yield toPiece(lines);
}

/** JSON has no line break outside of strings, and in strings they are escaped. */
const toPiece = (lines: readonly string[]) => ({ piece: Buffer.from(`${lines.join('\n')}\n`), rows: lines.length });

export async function insertRows(tx: Tx, { name, columns }: TableShape, piece: Buffer): Promise<void> {
  const rows = `[${piece.toString('utf8').trimEnd().replaceAll('\n', ',')}]`;
  await tx`
    insert into ${tx(name)} (${tx(columns)})
    select ${tx(columns)} from json_populate_recordset(null::${tx(name)}, ${rows}::text::json)`;
}

export async function readPiece(content: AsyncIterable<Uint8Array>, bytesMax: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of content) {
    bytes += chunk.length;
    if (bytes > bytesMax) throw new NightjarError('invalid', `a piece of the archive has more than ${bytesMax} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
