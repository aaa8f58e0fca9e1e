/** A line for each round, and at the end a table: what each fault was part of, and what came of it. */
import Table from 'cli-table3';
import type { Finding } from './checker.ts';
import type { FaultName } from './plan.ts';
import type { RoundResult } from './round.ts';

const count = (findings: readonly Finding[], sort: Finding['sort']): number =>
  findings.filter((finding) => finding.sort === sort).length;

const seconds = (ms: number): string => (ms / 1_000).toFixed(1);

export function toLine({ round, labels, files, findings, recoveryMs, totalMs }: RoundResult): string {
  const verdict = findings.length === 0 ? 'ok' : `${findings.length} FINDING(S)`;
  return `round ${round}  ${files} files  rest after ${seconds(recoveryMs)} s  in ${seconds(totalMs)} s  ${verdict}  [${labels.join('; ')}]`;
}

export interface FaultSummary {
  readonly fault: FaultName | 'all';
  readonly rounds: number;
  readonly files: number;
  readonly lost: number;
  readonly doubled: number;
  readonly gaps: number;
  readonly others: number;
  readonly longestRecoveryMs: number;
}

/** Rounds with several faults count for each of them. */
export function summarise(results: readonly RoundResult[], names: readonly FaultName[]): readonly FaultSummary[] {
  const rows = names.map((name) =>
    toSummary(
      name,
      results.filter(({ faults }) => faults.includes(name)),
    ),
  );
  return [...rows, toSummary('all', results)];
}

function toSummary(fault: FaultSummary['fault'], results: readonly RoundResult[]): FaultSummary {
  const findings = results.flatMap((result) => result.findings);
  const [lost, doubled, gaps] = [count(findings, 'lost'), count(findings, 'doubled'), count(findings, 'gap')];
  return {
    fault,
    rounds: results.length,
    files: results.reduce((sum, { files }) => sum + files, 0),
    lost,
    doubled,
    gaps,
    others: findings.length - lost - doubled - gaps,
    longestRecoveryMs: Math.round(Math.max(0, ...results.map(({ recoveryMs }) => recoveryMs))),
  };
}

export function toTable(summaries: readonly FaultSummary[]): string {
  const head = ['fault', 'rounds', 'files', 'lost', 'doubled', 'gaps', 'others', 'longest recovery'];
  const table = new Table({ head, style: { head: [], border: [], compact: true } });
  for (const { fault, longestRecoveryMs, ...row } of summaries)
    table.push([fault, row.rounds, row.files, row.lost, row.doubled, row.gaps, row.others, `${seconds(longestRecoveryMs)} s`]); // prettier-ignore
  return table.toString();
}
