import Table from 'cli-table3';
import type { NightjarError } from '../lib/errors.ts';
import type { DetectedObject } from '../model/index.ts';

/** What came of one file. */
export type FileResult =
  | { readonly path: string; readonly error: NightjarError }
  | {
      readonly path: string;
      readonly width: number;
      readonly height: number;
      readonly objects: readonly DetectedObject[];
      readonly error?: undefined;
    };

export interface DetectReport {
  add(result: FileResult): void;
  /** Writes what is left to write. */
  end(): void;
}

interface ReportOptions {
  readonly model: string;
  readonly write: (line: string) => void;
}

/** A table holds no more files than these: then it is written and another is begun. */
const TABLE_FILES_MAX = 500;

/** Lines of JSON as the results come, or a table of all of them. */
export const createDetectReport = ({ json, ...options }: ReportOptions & { readonly json: boolean }): DetectReport =>
  json ? createJsonReport(options) : createTableReport(options);

function createJsonReport({ model, write }: ReportOptions): DetectReport {
  return { add: (result) => write(JSON.stringify(toJson(result, model))), end: () => undefined };
}

function toJson(result: FileResult, model: string): object {
  if (result.error) return { path: result.path, error: { kind: result.error.kind, message: result.error.message } };
  const { path, width, height, objects } = result;
  return { path, width, height, model, detections: objects };
}

function createTableReport({ model, write }: ReportOptions): DetectReport {
  const totals = { files: 0, objects: 0, failed: 0 };
  let table = createTable();

  function flush(): void {
    if (table.length > 0) write(table.toString());
    table = createTable();
  }

  return {
    add(result) {
      table.push(...toRows(result));
      totals.files += 1;
      totals.failed += result.error ? 1 : 0;
      totals.objects += result.error ? 0 : result.objects.length;
      if (totals.files % TABLE_FILES_MAX === 0) flush();
    },
    end() {
      flush();
      write(`${model}: ${totals.objects} objects in ${totals.files} files, ${totals.failed} failed`);
    },
  };
}

const createTable = (): Table.Table =>
  new Table({
    head: ['picture', 'label', 'score', 'x', 'y', 'width', 'height'],
    colAligns: ['left', 'left', 'right', 'right', 'right', 'right', 'right'],
    // No colours: the table may go to a file.
    style: { head: [], border: [], compact: true },
  });

function toRows(result: FileResult): Table.CrossTableRow[] | Table.HorizontalTableRow[] {
  if (result.error) return [[result.path, { content: `${result.error.kind}: ${result.error.message}`, colSpan: 6 }]];
  if (result.objects.length === 0) return [[result.path, { content: 'nothing found', colSpan: 6 }]];
  return result.objects.map(({ label, score, bbox }, index) => [
    index === 0 ? result.path : '',
    label,
    score.toFixed(2),
    bbox.x,
    bbox.y,
    bbox.width,
    bbox.height,
  ]);
}
