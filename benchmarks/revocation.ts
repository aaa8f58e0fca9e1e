/**
 * Question: how soon is a revoked key's socket closed? Two processes `ROLES=api` on one PostgreSQL, a viewer's socket at each;
 * from the request that revokes, to one of them, until both sockets are closed. Limit: the slowest below a second.
 *
 * Beside 200 sockets of another key, which must all stay. Arguments: keys that are revoked, one after the other (50).
 */
import { once } from 'node:events';
import WebSocket from 'ws';
import { createCleanups, type Cleanups } from '../backend/tests/harness/cleanups.ts';
import { eventually } from '../backend/tests/harness/eventually.ts';
import { API_KEY, createDataDir, startProcess, type NightjarProcess } from '../backend/tests/harness/nightjar.ts';
import { startPostgres } from '../backend/tests/harness/postgres-server.ts';
import { hold, say, sayTable, SPREAD_HEAD, toFixed, toRow, toSpread } from './report.ts';

const KEYS = 50;
const PROCESSES = 2;
const STAYING_SOCKETS = 200;
const CLOSED_MS_MAX = 1_000;

export interface RevocationSize {
  readonly keys: number;
  /** Of a key that nobody revokes. */
  readonly staying: number;
}

export interface Revocations {
  /** Of each socket, milliseconds. */
  readonly closedMs: readonly number[];
  /** Other than 4401. */
  readonly otherCodes: readonly number[];
  /** Of those that should stay. */
  readonly lost: number;
}

/** Throws when a limit is missed. */
export async function run([keys = `${KEYS}`]: readonly string[]): Promise<void> {
  const { closedMs, otherCodes, lost } = await measureRevocations({ keys: Number(keys), staying: STAYING_SOCKETS });
  sayTable(SPREAD_HEAD, [toRow('socket closed', closedMs.length, toSpread(closedMs))]);
  const slowest = Math.max(...closedMs);
  say(`the slowest: ${toFixed(slowest)} ms`);
  hold([
    [`each socket closed within ${CLOSED_MS_MAX} ms`, slowest < CLOSED_MS_MAX],
    ['each with 4401', otherCodes.length === 0],
    [`${STAYING_SOCKETS} sockets of another key stay`, lost === 0],
  ]);
}

export async function measureRevocations({ keys, staying }: RevocationSize): Promise<Revocations> {
  const cleanups = createCleanups();
  try {
    const processes = await startHouse(cleanups);
    const stays = await openSockets(processes, API_KEY, staying);
    const closings: Closing[] = [];
    for (let turn = 0; turn < keys; turn++) closings.push(...(await revokeOne(processes)));
    const lost = stays.filter((ws) => ws.readyState !== ws.OPEN).length;
    for (const ws of stays) ws.terminate();
    const otherCodes = closings.map(({ code }) => code).filter((code) => code !== 4401);
    return { closedMs: closings.map(({ ms }) => ms), otherCodes, lost };
  } finally {
    await cleanups.run();
  }
}

async function startHouse(cleanups: Cleanups): Promise<readonly NightjarProcess[]> {
  const dataDir = await createDataDir();
  cleanups.add(dataDir.remove);
  const postgres = await startPostgres({ fsync: 'on' });
  cleanups.add(() => postgres.close());
  const started: NightjarProcess[] = [];
  for (let one = 0; one < PROCESSES; one++) {
    const nightjar = await startProcess(dataDir.path, { DATABASE_URL: postgres.url, ROLES: 'api', LOG_LEVEL: 'warn' });
    cleanups.add(() => nightjar.kill('SIGKILL'));
    started.push(nightjar);
  }
  return started;
}

/** So many, dealt out to the processes; resolves when all are open. */
const openSockets = (processes: readonly NightjarProcess[], key: string, count: number): Promise<WebSocket[]> =>
  Promise.all(
    Array.from({ length: count }, async (_one, index) => {
      const url = processes[index % processes.length]?.url ?? '';
      const ws = new WebSocket(`${url.replace('http', 'ws')}/ws`, { headers: { 'X-API-Key': key } });
      await once(ws, 'open');
      return ws;
    }),
  );

async function isKnown(processes: readonly NightjarProcess[], key: string): Promise<boolean> {
  const ask = ({ url }: NightjarProcess) => fetch(`${url}/api/cameras`, { headers: { 'X-API-Key': key } });
  return (await Promise.all(processes.map(ask))).every(({ ok }) => ok);
}

interface Closing {
  readonly ms: number;
  readonly code: number;
}

/** Asked is the first process: the second socket is that of another one. */
async function revokeOne(processes: readonly NightjarProcess[]): Promise<readonly Closing[]> {
  const url = `${processes[0]?.url}/api/keys`;
  const headers = { 'X-API-Key': API_KEY, 'Content-Type': 'application/json' };
  const made = await fetch(url, {
    method: 'POST',
    headers,
    body: JSON.stringify({ name: 'Wall tablet', role: 'viewer' }),
  });
  const { id, key } = (await made.json()) as { readonly id: string; readonly key: string };
  await eventually(() => isKnown(processes, key), { what: 'a key that every process knows' });
  const sockets = await openSockets(processes, key, processes.length);
  const startedMs = performance.now();
  const closings = sockets.map(async (ws): Promise<Closing> => {
    const [code] = (await once(ws, 'close')) as [number];
    return { ms: performance.now() - startedMs, code };
  });
  const gone = await fetch(`${url}/${id}`, { method: 'DELETE', headers });
  if (!gone.ok) throw new Error(`revoking answered ${gone.status}`);
  return Promise.all(closings);
}
