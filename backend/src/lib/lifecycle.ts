import type { Logger } from './log.ts';
import { toMessage } from './errors.ts';

const CLOSE_MS_MAX = 8_000;

export interface Closers {
  /** Registers what must be closed; returns `part`, so that opening and registering read as one line. */
  add<T extends { close(): Promise<void> | void }>(name: string, part: T, limitMs?: number): T;
  /** Closes all, last opened first, each within its time limit; failures are gathered and thrown together. Idempotent. */
  closeAll(): Promise<void>;
}

/** Whoever opens something registers its closer here. */
export function createClosers({ log, closeMsMax = CLOSE_MS_MAX }: { log: Logger; closeMsMax?: number }): Closers {
  const opened: { name: string; limitMs: number; close: () => Promise<void> | void }[] = [];
  let closing: Promise<void> | undefined;

  async function closeEach(): Promise<void> {
    const failures: Error[] = [];
    for (const { name, limitMs, close } of opened.reverse()) {
      const startedMs = Date.now();
      await withTimeLimit(close, limitMs).catch((error: unknown) => {
        failures.push(new Error(`closing ${name}: ${toMessage(error)}`, { cause: error }));
      });
      log.debug({ part: name, ms: Date.now() - startedMs }, 'closed');
    }
    if (failures.length > 0) throw new AggregateError(failures, failures.map((failure) => failure.message).join('; '));
  }

  return {
    add(name, part, limitMs = closeMsMax) {
      opened.push({ name, limitMs, close: () => part.close() });
      return part;
    },
    closeAll: () => (closing ??= closeEach()),
  };
}

async function withTimeLimit(run: () => Promise<void> | void, limitMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`took longer than ${limitMs} ms`)), limitMs);
  });
  await Promise.race([Promise.resolve().then(run), limit]).finally(() => clearTimeout(timer));
}
