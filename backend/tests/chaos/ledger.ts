/** What was dropped, and so what must be in the database: one entry for each camera and content. */
import type { Fate } from './files.ts';

export interface Entry {
  readonly camera: string;
  readonly sha256: string;
  readonly fate: Fate;
  readonly name: string;
  readonly round: number;
  /** Times it was dropped and not destroyed by its own camera. With none left it may be in the database, or not. */
  drops: number;
}

export interface Ledger {
  drop(entry: Omit<Entry, 'drops'>): void;
  overwritten(camera: string, sha256: string): void;
  get(camera: string, sha256: string | null): Entry | undefined;
  entries(): readonly Entry[];
  ofRound(round: number): readonly Entry[];
}

const toKey = (camera: string, sha256: string | null): string => `${camera}|${sha256 ?? ''}`;

export function createLedger(): Ledger {
  const entries = new Map<string, Entry>();
  return {
    drop(entry) {
      const key = toKey(entry.camera, entry.sha256);
      const known = entries.get(key) ?? { ...entry, drops: 0 };
      known.drops += 1;
      entries.set(key, known);
    },
    overwritten(camera, sha256) {
      const known = entries.get(toKey(camera, sha256));
      if (known) known.drops -= 1;
    },
    get: (camera, sha256) => entries.get(toKey(camera, sha256)),
    entries: () => [...entries.values()],
    ofRound: (round) => [...entries.values()].filter((entry) => entry.round === round),
  };
}
