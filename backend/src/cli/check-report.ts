import Table from 'cli-table3';
import type { CheckSummary, Finding } from '../retention/index.ts';

interface ReportOptions {
  readonly json: boolean;
  readonly isRepair: boolean;
  readonly write: (line: string) => void;
}

export interface CheckReport {
  add(finding: Finding): void;
  end(summary: CheckSummary): void;
}

/** A table holds no more findings than these: then it is written and another is begun. */
const TABLE_ROWS_MAX = 500;

/** In words, for people. */
const meanings: Readonly<Record<Finding['fault'], string>> = {
  missing: 'row without file',
  size: 'wrong size',
  sha256: 'wrong content',
  unreadable: 'cannot be read',
  stray: 'file without row',
  unfinished: 'unfinished removal',
};

/** Lines of JSON as the findings come, the last one the summary; or tables. */
export const createCheckReport = (options: ReportOptions): CheckReport =>
  options.json ? createJsonReport(options) : createTableReport(options);

const createJsonReport = ({ write }: ReportOptions): CheckReport => ({
  add: ({ fault, mediaPath, owner, detail, repair }) =>
    write(JSON.stringify({ fault, media_path: mediaPath, row: owner === '' ? null : owner, detail, repair })),
  end: (summary) => write(JSON.stringify({ summary })),
});

function createTableReport({ isRepair, write }: ReportOptions): CheckReport {
  let table = createTable(isRepair);

  function flush(): void {
    if (table.length > 0) write(table.toString());
    table = createTable(isRepair);
  }

  return {
    add({ fault, mediaPath, owner, detail, repair }) {
      const row = [meanings[fault], mediaPath, owner, detail];
      table.push(isRepair ? [...row, repair ?? 'nothing'] : row);
      if (table.length >= TABLE_ROWS_MAX) flush();
    },
    end(summary) {
      flush();
      for (const line of toLines(summary, isRepair)) write(line);
    },
  };
}

const createTable = (isRepair: boolean): Table.Table =>
  new Table({
    head: ['finding', 'media path', 'row', 'detail', ...(isRepair ? ['done'] : [])],
    // No colours: the table may go to a file.
    style: { head: [], border: [], compact: true },
  });

function toLines({ rows, files, findings, unrepaired }: CheckSummary, isRepair: boolean): readonly string[] {
  const compared = `compared ${rows} rows and ${files} files`;
  const found = Object.entries(findings).map(([fault, count]) => `${count} x ${meanings[fault as Finding['fault']]}`);
  if (found.length === 0) return [`${compared}: all is well`];
  const next = isRepair ? `${unrepaired} left as they are` : 'nothing was changed: --repair does';
  return [`${compared}: ${found.join(', ')}; ${next}`];
}
