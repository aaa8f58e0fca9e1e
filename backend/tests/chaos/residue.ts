/** What may not stay behind: files without a row, rows without a file, processes, descriptors, memory. */
import { readdir, stat, utimes } from 'node:fs/promises';
import path from 'node:path';
import type { Finding, Look } from './checker.ts';
import type { House } from './house.ts';
import { toSha256 } from './files.ts';
import { readFile } from 'node:fs/promises';
import { listProcesses, readDescriptors, readResidentBytes } from './processes.ts';

/** Connections, watches, pipes of a process at rest: 25 to 40; each folder of the inbox that is watched has none. */
const DESCRIPTORS_MAX = 90;
const RESIDENT_BYTES_MAX = 700 * 1024 ** 2;
const CHILDREN_MAX = 2;
const UNFINISHED = '.unfinished';

/** Database and media store, both ways. With `isDeep` the bytes are compared too. */
export async function checkMedia({ house, ledger }: Look, isDeep: boolean): Promise<readonly Finding[]> {
  const rows = await house.postgres.withSql((sql) => sql<{ mediaPath: string; bytes: number; sha256: string }[]>`
    select media_path, bytes, sha256 from frames where media_path is not null`); // prettier-ignore
  const stored = new Set(await listMedia(house.mediaDir));
  const findings: Finding[] = [];
  for (const { mediaPath, bytes, sha256 } of rows) {
    const file = path.join(house.mediaDir, mediaPath);
    const isSound = stored.delete(mediaPath) && (isDeep ? toSha256(await readFile(file)) === sha256 : (await stat(file)).size === bytes); // prettier-ignore
    if (!isSound) findings.push({ sort: 'lost', what: `${mediaPath} is not in the media store as it was recorded` });
  }
  // A picture that its own camera overwrote while it was being taken in has a file at most.
  const destroyed = new Set(ledger.entries().flatMap(({ drops, sha256 }) => (drops > 0 ? [] : [sha256])));
  for (const file of stored)
    if (!destroyed.has(path.parse(file).name)) findings.push({ sort: 'leak', what: `${file} in the media store has no row` }); // prettier-ignore
  return findings;
}

async function listMedia(dir: string): Promise<readonly string[]> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(dir, path.join(entry.parentPath, entry.name)))
    .filter((name) => !name.startsWith(UNFINISHED));
}

/** Half-written files that a kill left; a later start removes them once they are old enough to be nobody's. */
export const countUnfinished = async ({ mediaDir }: House): Promise<number> =>
  (await readdir(path.join(mediaDir, UNFINISHED)).catch(() => [])).length;

/** Makes them old, as if the hours had passed, and starts a process anew. */
export async function ageUnfinished({ mediaDir, member }: House): Promise<void> {
  const dir = path.join(mediaDir, UNFINISHED);
  const old = new Date(Date.now() - 86_400_000);
  for (const name of await readdir(dir).catch(() => [])) await utimes(path.join(dir, name), old, old);
  await member('ingest-1').terminate();
  await member('ingest-1').start();
}

export async function checkProcesses(house: House): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  const live = new Map([...house.members.values()].map((member) => [member.pid(), member.name]));
  const own = new Set(house.pids());
  const processes = await listProcesses();
  for (const { pid, group, parent } of processes)
    if (own.has(group) && !live.has(group)) findings.push({ sort: 'leak', what: `process ${pid} (child of ${parent}) outlived its Nightjar ${group}` }); // prettier-ignore
  for (const [pid, name] of live) {
    if (pid === undefined) continue;
    const children = processes.filter(({ group }) => group === pid).length - 1;
    if (children > CHILDREN_MAX) findings.push({ sort: 'leak', what: `${name} has ${children} child processes` });
    const descriptors = await readDescriptors(pid);
    if (descriptors.length > DESCRIPTORS_MAX) findings.push({ sort: 'leak', what: `${name} has ${descriptors.length} descriptors open: ${summarise(descriptors)}` }); // prettier-ignore
    const resident = await readResidentBytes(pid);
    if (resident > RESIDENT_BYTES_MAX) findings.push({ sort: 'leak', what: `${name} holds ${Math.round(resident / 1024 ** 2)} MiB` }); // prettier-ignore
  }
  return findings;
}

function summarise(descriptors: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const one of descriptors) counts.set(one, (counts.get(one) ?? 0) + 1);
  return [...counts]
    .sort(([, a], [, b]) => b - a)
    .slice(0, 5)
    .map(([what, count]) => `${count} ${what}`)
    .join(', ');
}

export const checkLogs = ({ members }: House): readonly Finding[] =>
  [...members.values()].flatMap(({ name, log }) =>
    log.takeFaults().map((what) => ({ sort: 'log' as const, what: `${name}: ${what}` })),
  );
