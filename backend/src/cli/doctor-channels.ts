/** Alerts that do not reach people, as far as the ledger of deliveries knows. */
import type { Config } from '../config.ts';
import { openDatabase } from '../db/index.ts';
import { toPrintable } from '../lib/printable.ts';

const CHANNELS_MAX = 100;
const ERROR_CHARS_MAX = 200;

export interface ChannelFinding {
  readonly part: string;
  readonly ok: boolean;
  readonly detail: string;
}

interface Row {
  readonly name: string;
  readonly waiting: number;
  readonly dead: number;
  readonly error: string | null;
}

/**
 * A row for each channel that is switched on; amiss is one with alerts of the last day that were given up. None for an embedded
 * database, which runs only while Nightjar does, nor where the database cannot say, which is said in its own row.
 */
export async function checkChannels({ databaseUrl }: Config): Promise<readonly ChannelFinding[]> {
  if (databaseUrl === undefined) return [];
  const db = openDatabase({ url: databaseUrl });
  try {
    const rows = await db.query((sql) => sql<Row[]>`
      select name,
        (select count(*) from deliveries where channel_id = channels.id and state in ('pending', 'leased')) as waiting,
        (select count(*) from deliveries where channel_id = channels.id and state = 'dead' and created_at > now() - interval '1 day') as dead,
        (select error_message from deliveries where channel_id = channels.id and state in ('pending', 'dead') and error_message is not null
          order by created_at desc, id desc limit 1) as error
      from channels where enabled order by name, id limit ${CHANNELS_MAX}`); // prettier-ignore
    return rows.map(toFinding);
  } catch {
    return [];
  } finally {
    await db.close();
  }
}

function toFinding({ name, waiting, dead, error }: Row): ChannelFinding {
  const told = toPrintable(error?.slice(0, ERROR_CHARS_MAX) ?? '');
  const detail = `"${toPrintable(name)}": ${waiting} waiting, ${dead} given up since yesterday${told === '' ? '' : `; last error: ${told}`}`;
  return { part: 'channel', ok: dead === 0, detail };
}
