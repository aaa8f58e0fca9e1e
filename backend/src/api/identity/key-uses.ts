import type { Database } from '../../db/index.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Logger } from '../../lib/log.ts';
import { createLoop } from '../../lib/loop.ts';
import { writeUses } from './key-rows.ts';

const LOOK_MS = 5_000;
/** A key that is used all the time costs one small write in so long. */
const WRITE_EVERY_MS = 60_000;

export interface Uses {
  note(keyId: string): void;
  close(): Promise<void>;
}

/** When keys were last used: noted in memory, written by and by, never in a request's way. What a crash loses is a minute. */
export function createUses(options: {
  readonly db: Database;
  readonly clock: Clock;
  readonly log: Logger;
  readonly lookMs?: number;
}): Uses {
  const { db, clock, log, lookMs = LOOK_MS } = options;
  const used = new Map<string, number>();
  const written = new Map<string, number>();

  async function writeDue(): Promise<boolean> {
    const nowMs = clock.nowMs();
    const due = new Map([...used].filter(([id]) => nowMs - (written.get(id) ?? -Infinity) >= WRITE_EVERY_MS));
    if (due.size === 0) return false;
    await writeUses(db, due);
    for (const [id, ms] of due) {
      written.set(id, nowMs);
      if (used.get(id) === ms) used.delete(id);
    }
    return false;
  }

  const loop = createLoop({ name: 'uses of keys', clock, log, idleMs: lookMs, runOnce: writeDue });
  return { note: (keyId) => void used.set(keyId, clock.nowMs()), close: loop.close };
}
