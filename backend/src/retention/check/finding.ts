/** What a check may find, and what it works with. */
import type { Readable } from 'node:stream';
import type { Database, Transact } from '../../db/index.ts';
import type { Clock } from '../../lib/clock.ts';
import type { NewId } from '../../lib/id.ts';
import type { Logger } from '../../lib/log.ts';

/**
 * `missing`: a row without its file. `size`, `sha256`: the file is not what the row says. `unreadable`: it is there and
 * cannot be read. `stray`: a file without a row. `unfinished`: a removal that should have been worked off long ago.
 */
export const faults = ['missing', 'size', 'sha256', 'unreadable', 'stray', 'unfinished'] as const;
export type Fault = (typeof faults)[number];

export interface Finding {
  readonly fault: Fault;
  readonly mediaPath: string;
  /** As in `frame 0190... (done)`; empty for a file without a row. */
  readonly owner: string;
  readonly detail: string;
  /** What was done about it; null when nothing was. */
  readonly repair: string | null;
}

/** A row that speaks of a file. */
export interface CheckedRow {
  readonly kind: 'frame' | 'clip';
  readonly id: string;
  readonly state: 'pending' | 'leased' | 'done' | 'dead';
  readonly bytes: number;
  readonly sha256: string | null;
  readonly mediaPath: string;
}

export const tableOf = ({ kind }: Pick<CheckedRow, 'kind'>): 'frames' | 'clips' =>
  kind === 'frame' ? 'frames' : 'clips';

/** The media store, as far as a check needs it. */
export interface CheckedMedia {
  open(mediaPath: string): Promise<{ readonly size: number; readonly stream: () => Readable }>;
  read(mediaPath: string): Promise<Buffer>;
  has(mediaPath: string): Promise<boolean>;
  list(): AsyncIterable<{ readonly mediaPath: string; readonly size: number; readonly modifiedAt: Date }>;
  remove(mediaPath: string): Promise<void>;
  /** Keeps the bytes in a place that is not listed as well; resolves to where. */
  copyAside(mediaPath: string): Promise<string>;
}

export interface Repair {
  readonly transact: Transact;
  readonly newId: NewId;
  /** What the bytes are, if they are a picture that can be examined. Throws `invalid` with the reason if not. */
  readonly inspect: (
    bytes: Buffer,
    name: string,
  ) => Promise<{ readonly mediaType: string; readonly width: number; readonly height: number }>;
  /** The media type of a clip by the extension it is stored under; undefined if it is none. */
  readonly toClipType: (extension: string) => string | undefined;
  /** Also when database and media store seem not to belong together. */
  readonly isForced: boolean;
  /** Larger files are not read as pictures. */
  readonly imageBytesMax: number;
}

export interface CheckOptions {
  readonly db: Database;
  readonly media: CheckedMedia;
  /** Presence and size alone. */
  readonly isQuick: boolean;
  /** Undefined: nothing is changed. */
  readonly repair: Repair | undefined;
  readonly clock: Clock;
  readonly log: Logger;
  readonly onFinding: (finding: Finding) => void;
  readonly onProgress: (what: 'rows' | 'files', done: number, total: number) => void;
  readonly signal: AbortSignal;
}

/** A file that is younger may be on its way to become a row. */
export const GRACE_MS = 10 * 60_000;
/** A removal that is younger may be waiting for its turn. */
export const REMOVAL_MS_MAX = 3_600_000;
