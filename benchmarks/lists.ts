/**
 * Question: does a page of any list, with any filter, cost the same whatever is kept and however deep it is? Held, with
 * 1,000,000 events and 3,000,000 detections on the embedded PostgreSQL, over HTTP, at one client: p99 of every list below
 * 25 ms at the first page and at page 10,000; of a search for words below 100 ms. Exports hold little in memory.
 *
 * Arguments: events (1000000), requests of each case (100), a folder to seed once and keep for the next run (none; empty: none),
 * words that summaries are made of (5000; 40 is a house whose events are told by rules). `pages` is how many it takes to have as many
 * items as were asked for, or all there are. What else the machine does falls on the worst requests first: the machine's load is printed above,
 * and a case beyond its limit is asked four times as often again. All of its requests count.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { Agent } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  connect,
  createEmbeddedPostgres,
  migrateDatabase,
  openDatabase,
  type Database,
  type DatabaseTarget,
} from '../backend/src/db/index.ts';
import { silentLog as log } from '../backend/src/lib/log.ts';
import { formatCursor } from '../backend/src/api/pagination.ts';
import { foldTallies } from '../backend/src/api/stats/fold.ts';
import { seesOnly } from '../backend/src/api/tests/limited.ts';
import { startTestApi, TEST_KEY, type TestApi } from '../backend/src/api/tests/test-api.ts';
import { toCases, type ListCase } from './lists-cases.ts';
import { NEWEST, seedLists, VOCABULARY } from './lists-seed.ts';
import { seedOthers } from './lists-seed-others.ts';
import { hold, say, sayTable, SPREAD_HEAD, toFixed, toRow, toSpread } from './report.ts';
import { timeGet } from './time-get.ts';

const EVENTS = 1_000_000;
const REQUESTS = 100;
const WARM_UP_MAX = 10;
const PAGE_ITEMS = 50;
const DEEP_PAGE = 10_000;
const LIST_MS_MAX = 25;
const SEARCH_MS_MAX = 100;
const LIMITS_MS = { list: LIST_MS_MAX, search: SEARCH_MS_MAX, other: Infinity } as const;
const AGAIN = 4;
/** More than in the first tenth of the export: all in memory would be hundreds. */
const EXPORT_MIB_MAX = 64;
const SHOWN_CASES = 20;
const NEW_LINE = 0x0a;
const kinds = ['list', 'search', 'other'] as const;
const LIMITED = ['cam1', 'cam3', 'cam4', 'cam6', 'cam8', 'cam9', 'cam11'];
const PAGES_MAX = 40;

export interface ListSize {
  readonly events: number;
  readonly requests: number;
  readonly vocabulary?: number | undefined;
  /** Of so many cases one: all, but where the benchmark itself is tried. */
  readonly oneOf?: number;
  /** Where the database stays for the next run. */
  readonly folder?: string | undefined;
}

export interface ListFigures {
  readonly cases: readonly {
    readonly case: ListCase;
    readonly ms: readonly number[];
    readonly items: number;
    readonly pages: number;
  }[];
  readonly exported: { readonly events: number; readonly seconds: number; readonly grownMiB: number };
}

/** Throws when a limit is missed. */
export async function run([events = `${EVENTS}`, requests = `${REQUESTS}`, folder, vocabulary = `${VOCABULARY}`]: readonly string[]): Promise<void> {
  const { cases, exported } = await measureLists({ events: Number(events), requests: Number(requests), vocabulary: Number(vocabulary), folder: folder === '' ? undefined : folder });
  const worst = [...cases].map((one) => ({ ...one, spread: toSpread(one.ms) })).sort((a, b) => b.spread.p99 - a.spread.p99);
  const shown = kinds.flatMap((kind) => worst.filter(({ case: one }) => one.kind === kind).slice(0, SHOWN_CASES));
  say(`the worst of ${kinds.map((kind) => `${worst.filter(({ case: one }) => one.kind === kind).length} ${kind} cases`).join(', ')}`);
  sayTable([...SPREAD_HEAD, 'items', 'pages'], shown.map(({ case: { name }, ms, items, pages, spread }) => [...toRow(name, ms.length, spread), `${items}`, `${pages}`]));
  const slow = [...worst].sort((a, b) => b.pages - a.pages).slice(0, SHOWN_CASES).filter(({ pages }) => pages > 1);
  say(`what takes most pages to be filled: ${slow.map(({ case: { name }, pages }) => `${name}: ${pages}`).join('; ') || 'nothing'}`);
  const { seconds, grownMiB } = exported;
  say(`export: ${exported.events} events in ${toFixed(seconds)} s, ${toFixed(exported.events / seconds, 0)} a second, at most ${toFixed(grownMiB)} MiB more than in its first tenth`);
  const missed = (kind: ListCase['kind'], max: number): string[] =>
    worst.filter(({ case: one, spread }) => one.kind === kind && spread.p99 >= max).map(({ case: { name } }) => name);
  const lists = missed('list', LIST_MS_MAX);
  const searches = missed('search', SEARCH_MS_MAX);
  hold([
    [`p99 of every list below ${LIST_MS_MAX} ms (${lists.length > 0 ? lists.join('; ') : 'all'})`, lists.length === 0],
    [`p99 of every search below ${SEARCH_MS_MAX} ms (${searches.length > 0 ? searches.join('; ') : 'all'})`, searches.length === 0],
    [`an export grows by at most ${EXPORT_MIB_MAX} MiB`, grownMiB <= EXPORT_MIB_MAX],
    ['an export has every event', exported.events === Number(events)],
  ]);
} // prettier-ignore

export async function measureLists(size: ListSize): Promise<ListFigures> {
  const folder = size.folder ?? (await mkdtemp(path.join(tmpdir(), 'nightjar-bench-lists-')));
  const server = await createEmbeddedPostgres({ dataDir: path.resolve(folder), log });
  try {
    await seedOnce(server.target, size);
    const db = openDatabase(server.target);
    return await measureAll(db, size).finally(() => db.close());
  } finally {
    await server.close();
    if (size.folder === undefined) await rm(folder, { recursive: true, force: true });
  }
}

async function seedOnce(target: DatabaseTarget, { events, vocabulary }: ListSize): Promise<void> {
  await migrateDatabase(target);
  const sql = connect(target, { max: 1, connection: { statement_timeout: 0 } });
  const found = await sql`select from events limit 1`;
  if (found.length === 0) {
    const startedMs = performance.now();
    await seedLists(sql, events, vocabulary);
    await seedOthers(sql, events);
    say(`seeded in ${toFixed((performance.now() - startedMs) / 1_000, 0)} s`);
  }
  await sql.end();
}

async function measureAll(db: Database, { requests, oneOf = 1 }: ListSize): Promise<ListFigures> {
  while ((await foldTallies(db)) > 0);
  await db.query((sql) => sql`analyze tallies`);
  const clock = { nowMs: () => NEWEST.getTime(), sleep: async () => undefined };
  const all = await startTestApi(db, { clock });
  const limited = await startTestApi(db, { clock, authenticator: seesOnly(LIMITED) });
  try {
    const cases: ListFigures['cases'][number][] = [];
    const chosen = toCases(await readDeepCursors(db)).filter((_one, index) => index % oneOf === 0);
    for (const one of chosen) cases.push({ case: one, ...(await time(one.isLimited ? limited : all, one, requests)) });
    return { cases, exported: await exportAll(all) };
  } finally {
    await all.close();
    await limited.close();
  }
}

async function time(api: TestApi, { path: url, kind }: ListCase, requests: number) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const ask = (count: number): Promise<number[]> => timeGets(api.url + url, agent, count);
  await ask(Math.min(WARM_UP_MAX, requests));
  const ms = await ask(requests);
  if (toSpread(ms).p99 >= LIMITS_MS[kind]) ms.push(...(await ask(requests * AGAIN)));
  agent.destroy();
  const page = (await api.get(url)) as ListPage;
  return { ms, items: page.items?.length ?? 0, pages: await countPages(api, url, page) };
}

async function timeGets(url: string, agent: Agent, count: number): Promise<number[]> {
  const ms: number[] = [];
  while (ms.length < count) ms.push(await timeGet(url, { agent, headers: { 'X-API-Key': TEST_KEY } }));
  return ms;
}

interface ListPage {
  readonly items?: readonly unknown[];
  readonly next_cursor?: string | null;
}

/** From the first on, until as many items as one page may have were seen, or the end of the list. */
async function countPages(api: TestApi, url: string, first: ListPage): Promise<number> {
  let page = first;
  let items = first.items?.length ?? 0;
  let pages = 1;
  for (; pages < PAGES_MAX && items < PAGE_ITEMS && typeof page.next_cursor === 'string'; pages++) {
    page = (await api.get(`${url.replace(/&cursor=[^&]*/, '')}&cursor=${page.next_cursor}`)) as ListPage;
    items += page.items?.length ?? 0;
  }
  return pages;
}

/** The cursor of page 10,000 of each list, or of its middle where there are fewer. */
async function readDeepCursors(db: Database): Promise<Readonly<Record<'events' | 'detections' | 'frames', string>>> {
  const read = async (table: string, at: string): Promise<string> => {
    const [row] = await db.query((sql) => sql<{ at: Date; id: string }[]>`
      select ${sql(at)} as at, id from ${sql(table)} order by 1 desc, id desc
      offset (select least(${DEEP_PAGE * PAGE_ITEMS}::bigint, count(*) / 2) from ${sql(table)}) limit 1`); // prettier-ignore
    return formatCursor({ atMs: row?.at.getTime() ?? 0, id: row?.id ?? '' });
  };
  return {
    events: await read('events', 'started_at'),
    detections: await read('detections', 'captured_at'),
    frames: await read('frames', 'captured_at'),
  };
}

/** By a client that reads as fast as it can; memory of the whole process, which the client is a part of. */
async function exportAll(api: TestApi): Promise<ListFigures['exported']> {
  const startedMs = performance.now();
  const response = await api.send('/api/events/export?format=ndjson');
  const memory: number[] = [];
  let events = 0;
  for await (const chunk of response.body ?? []) {
    for (const byte of chunk as Uint8Array) if (byte === NEW_LINE) events += 1;
    memory.push(process.memoryUsage.rss());
  }
  const first = Math.max(...memory.slice(0, Math.ceil(memory.length / 10)));
  const most = memory.reduce((max, bytes) => Math.max(max, bytes), first);
  return { events, seconds: (performance.now() - startedMs) / 1_000, grownMiB: (most - first) / 2 ** 20 };
}
