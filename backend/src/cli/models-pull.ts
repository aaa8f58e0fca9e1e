import { Presets, SingleBar } from 'cli-progress';
import Table from 'cli-table3';
import { systemClock as clock } from '../lib/clock.ts';
import { knownModels, pullModel, type KnownModel } from '../models/index.ts';
import { tellImport } from './models-import.ts';

type Write = (line: string) => void;

const MIB = 1_048_576;
const toMib = (bytes: number): string => `${(bytes / MIB).toFixed(1)} MiB`;

export function listKnown(write: Write): void {
  const table = new Table({ head: ['model', 'family', 'size', 'licence', 'from'], style: { head: [], border: [] } });
  for (const { name, family, bytes, licence, url } of knownModels)
    table.push([name, family, bytes === null ? 'not known' : toMib(bytes), licence, url]);
  write(table.toString());
  write(
    'nightjar models pull NAME downloads one. A file without a pinned hash is taken as it comes, and its hash told.',
  );
}

export interface PullCommand {
  readonly name: string;
  readonly force: boolean;
  readonly modelsDir: string;
  readonly write: Write;
  /** Whether a progress bar can be drawn. */
  readonly terminal: boolean;
  /** Nightjar's own list unless given. */
  readonly known?: readonly KnownModel[];
}

export async function runPull({ terminal, write, ...wanted }: PullCommand): Promise<void> {
  const progress = createProgress(terminal, write);
  const { downloaded, isPinned, ...report } = await pullModel({
    ...wanted,
    clock,
    onProgress: progress.show,
    onRetry: (error, delayMs) => progress.tell(`${error.message}; trying again in ${delayMs / 1_000} s`),
    onDownloaded: ({ bytes }) => progress.tell(`downloaded ${toMib(bytes)}`),
  }).finally(progress.close);
  tellImport(report, write);
  write(`sha256 of the file: ${downloaded.sha256}${isPinned ? ', as it should be' : ' (nobody had verified it before: it was recorded, not checked)'}`); // prettier-ignore
}

/** A bar on a terminal; else a line for each tenth, or each 16 MiB where nobody says how much is to come. */
function createProgress(terminal: boolean, write: Write) {
  const bar = terminal
    ? new SingleBar({ format: '{bar} {percentage}% {got} of {all}', barsize: 40, clearOnComplete: true }, Presets.rect)
    : undefined;
  let isDrawn = false;
  let stepsTold = 0;
  const close = (): void => {
    if (isDrawn) bar?.stop();
    isDrawn = false;
  };
  return {
    close,
    show({ received, total }: { received: number; total: number | null }): void {
      const all = total === null ? '?' : toMib(total);
      const steps = Math.floor(total === null ? received / (16 * MIB) : (received * 10) / total);
      const words = { got: toMib(received), all };
      if (bar && !isDrawn) bar.start(total ?? received, received, words);
      else bar?.update(received, words);
      isDrawn = bar !== undefined;
      if (!bar && steps > stepsTold) write(`${words.got} of ${all}`);
      stepsTold = steps;
    },
    tell(line: string): void {
      close();
      write(line);
    },
  };
}
