/** What a process wrote to its log: kept in a file, and searched for what must never be there. */
import { appendFileSync } from 'node:fs';

/** Lines that tell that a promise was kept the hard way. Counted, so that the report can say that it came to this. */
const tellingLines = {
  lateResults: /the lease was lost before the result was stored/,
  takenBack: /took back \d+ frame/,
} as const;
export type Telling = Record<keyof typeof tellingLines, number>;

export interface MemberLog {
  add(chunk: string): void;
  complain(fault: string): void;
  /** What must not be in a log, since the last time this was asked. */
  takeFaults(): readonly string[];
  readonly telling: Readonly<Telling>;
}

const FAULT_CHARS_MAX = 600;

export function createMemberLog(file: string): MemberLog {
  const telling: Telling = { lateResults: 0, takenBack: 0 };
  let faults: string[] = [];
  let rest = '';

  function look(line: string): void {
    const fault = toFault(line);
    if (fault !== undefined) faults.push(fault.slice(0, FAULT_CHARS_MAX));
    for (const [name, text] of Object.entries(tellingLines)) if (text.test(line)) telling[name as keyof Telling] += 1;
  }

  return {
    telling,
    add(chunk) {
      appendFileSync(file, chunk);
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      lines.forEach(look);
    },
    complain: (fault) => void faults.push(fault),
    takeFaults() {
      const taken = faults;
      faults = [];
      return taken;
    },
  };
}

interface Entry {
  readonly level?: number;
  readonly msg?: string;
  readonly kind?: string;
}

const FATAL = 60;

/** An error that no room recognised, one that nobody caught, or a line that our log did not write. */
function toFault(line: string): string | undefined {
  if (line.trim() === '') return undefined;
  const entry = parse(line);
  if (!entry) return isOfStart(line) ? undefined : `not of the log: ${line}`;
  if (entry.kind === 'internal' || (entry.level ?? 0) >= FATAL || /unhandled|uncaught/i.test(line)) return line;
  return undefined;
}

/** A start that fails, with the reason on stderr, is what a start without a database should be. */
const isOfStart = (line: string): boolean => line.startsWith('nightjar: ');

function parse(line: string): Entry | undefined {
  try {
    return JSON.parse(line) as Entry;
  } catch {
    return undefined; // what is no JSON is judged by the caller
  }
}
