/** Whether all is over: what is still missing, in words. Empty: the house is at rest and can be judged. */
import { readdir } from 'node:fs/promises';
import type { Sql } from '../../src/db/index.ts';
import type { House } from './house.ts';
import type { Ledger } from './ledger.ts';

/** Of our advisory locks, see db/owner-lock.ts. */
const OWNER_LOCK_SPACE = 0x4e4a6f;
const NAMES_MAX = 5;

export async function findUnrest(house: House, ledger: Ledger, round: number): Promise<readonly string[]> {
  const inDatabase = await house.postgres
    .withSql((sql) => findInDatabase(sql, house, ledger, round))
    .catch((thrown: unknown) => [`the database: ${String(thrown)}`]);
  const apis = await Promise.all(
    (['api-1', 'api-2'] as const).map(async (name) => ((await house.ready(name)) ? [] : [`${name} is not ready`])),
  );
  const down = [...house.members.values()].filter((member) => member.pid() === undefined);
  return [
    ...down.map(({ name }) => `${name} is down`),
    ...(await findInInbox(house.inbox)),
    ...inDatabase,
    ...apis.flat(),
  ];
}

/** Files, and what an unfinished removal leaves behind. The folders of cameras are theirs. */
async function findInInbox(inbox: string): Promise<readonly string[]> {
  const entries = await readdir(inbox, { recursive: true, withFileTypes: true }).catch(() => undefined);
  if (!entries) return ['folders of the inbox come and go'];
  const left = entries.filter((entry) => !entry.isDirectory() || entry.name === '.nightjar');
  return left.length === 0 ? [] : [`in the inbox: ${sample(left.map(({ parentPath, name }) => `${parentPath.slice(inbox.length)}/${name}`))}`]; // prettier-ignore
}

async function findInDatabase(sql: Sql, house: House, ledger: Ledger, round: number): Promise<readonly string[]> {
  const unrest: string[] = [];
  const rows = await sql<{ camera: string; sha256: string | null; state: string; name: string; attempts: number }[]>`
    select folder as camera, sha256, state, source_name as name, attempts
    from frames join cameras on cameras.id = frames.camera_id`;
  const waiting = rows.filter(({ state }) => state === 'pending' || state === 'leased');
  if (waiting.length > 0) unrest.push(`not examined: ${sample(waiting.map(({ name, state, attempts }) => `${name} (${state}, attempt ${attempts})`))}`); // prettier-ignore
  const recorded = new Set(rows.map(({ camera, sha256 }) => `${camera}|${sha256 ?? ''}`));
  const missing = ledger.ofRound(round).filter(({ drops, camera, sha256 }) => drops > 0 && !recorded.has(`${camera}|${sha256}`)); // prettier-ignore
  if (missing.length > 0)
    unrest.push(`not recorded: ${sample(missing.map(({ camera, name }) => `${camera}/${name}`))}`);
  const [head] = await sql<{ seq: number }[]>`select seq from outbox_head`;
  for (const client of house.clients)
    if (client.lastSeq() !== head?.seq) unrest.push(`${client.name} is at ${client.lastSeq()} of ${head?.seq ?? 0}`);
  const [locks] = await sql<{ count: number }[]>`
    select count(distinct objid) from pg_locks where locktype = 'advisory' and classid = ${OWNER_LOCK_SPACE} and granted
      and database = (select oid from pg_database where datname = current_database())`;
  if (locks?.count !== house.members.size) unrest.push(`${locks?.count ?? 0} owner locks for ${house.members.size} processes`); // prettier-ignore
  return unrest;
}

const sample = (items: readonly string[]): string =>
  `${items.length}: ${items.slice(0, NAMES_MAX).join(', ')}${items.length > NAMES_MAX ? ', ...' : ''}`;
