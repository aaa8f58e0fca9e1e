/**
 * The check: database and media store against each other, both ways, while Nightjar runs or not. What happens meanwhile
 * (a file stored and not recorded yet, a row deleted and its file not yet) is no finding. Holds no list that grows with
 * what is kept; files are streamed. Repairs lose no bytes, and can be undone: a file that comes back is given back to its row by
 * the next one.
 */
import type { Sql } from '../../db/index.ts';
import { removeDue } from '../removals.ts';
import { checkFiles } from './files.ts';
import { REMOVAL_MS_MAX, type CheckOptions, type Fault, type Finding } from './finding.ts';
import { assertPlausible } from './plausible.ts';
import { checkRows } from './rows.ts';

export { faults, type CheckOptions, type Finding, type Repair } from './finding.ts';

/** Reported one by one; the others with the next check. */
const REMOVALS_TOLD_MAX = 1_000;

export interface CheckSummary {
  readonly rows: number;
  readonly files: number;
  readonly findings: Readonly<Partial<Record<Fault, number>>>;
  /** Findings about which nothing was done. */
  readonly unrepaired: number;
}

export async function checkHouse(given: CheckOptions): Promise<CheckSummary> {
  const counts: Partial<Record<Fault, number>> = {};
  let unrepaired = 0;
  const onFinding = (finding: Finding): void => {
    counts[finding.fault] = (counts[finding.fault] ?? 0) + 1;
    unrepaired += finding.repair === null ? 1 : 0;
    given.onFinding(finding);
  };
  const options = { ...given, onFinding };
  if (options.repair && !options.repair.isForced) await assertPlausible(options);
  const rows = await checkRows(options);
  const files = await checkFiles(options, rows);
  await checkRemovals(options);
  // What was moved aside goes from its old place now.
  if (options.repair) await removeDue({ ...options, removeMedia: options.media.remove }, options.signal);
  return { rows, files, findings: counts, unrepaired };
}

async function checkRemovals({ db, repair, onFinding }: CheckOptions): Promise<void> {
  for (const { mediaPath, requestedAt } of await db.query(readOverdue))
    onFinding({
      fault: 'unfinished',
      mediaPath,
      owner: '',
      detail: `to be removed since ${requestedAt.toISOString()}`,
      repair: repair ? 'removed now, unless a row speaks of it' : null,
    });
}

const readOverdue = (sql: Sql) => sql<{ mediaPath: string; requestedAt: Date }[]>`
  select media_path, requested_at from media_removals
  where removed_at is null and requested_at < now() - ${REMOVAL_MS_MAX} * interval '1 ms'
  order by requested_at limit ${REMOVALS_TOLD_MAX}`;
