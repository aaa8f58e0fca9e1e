/** For the tests of this room: an inbox in a temporary folder, a ledger in memory, a clock that can be put forward. */
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import { expect, vi } from 'vitest';
import type { Clock } from '../lib/clock.ts';
import { silentLog, type Logger } from '../lib/log.ts';
import { NightjarError } from '../lib/errors.ts';
import type { ClipArrival } from '../model/clip.ts';
import type { Arrival, InboxFile } from '../model/index.ts';
import type { Original, OriginalClip } from './collect.ts';
import { createIngest, type Ingest, type IngestOptions } from './index.ts';

/** Runs like the real one, and `putForward` jumps ahead: sleepers whose time has come then wake at once. */
export function createJumpClock() {
  const sleepers = new Set<{ readonly dueMs: number; readonly wake: () => void }>();
  let aheadMs = 0;
  const nowMs = (): number => Date.now() + aheadMs;
  const clock: Clock = {
    nowMs,
    sleep: (durationMs, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted) {
          resolve();
          return;
        }
        const sleeper = { dueMs: nowMs() + durationMs, wake };
        const timer = setTimeout(wake, durationMs);
        function wake(): void {
          clearTimeout(timer);
          sleepers.delete(sleeper);
          signal?.removeEventListener('abort', wake);
          resolve();
        }
        sleepers.add(sleeper);
        signal?.addEventListener('abort', wake);
      }),
  };
  function putForward(ms: number): void {
    aheadMs += ms;
    for (const { dueMs, wake } of sleepers) if (dueMs <= nowMs()) wake();
  }
  return { clock, putForward };
}

/** The ledger's and the media store's part: what is recorded once is known from then on. */
function createLedger() {
  const arrivals: Arrival[] = [];
  const known: Arrival[] = [];
  const clips: ClipArrival[] = [];
  const stored = new Map<string, Buffer>();
  const left = new Map<string, string>();
  const facts = (file: InboxFile): string => `${file.bytes}:${file.mtimeNs}`;

  const sinks = {
    resolveCamera: async (folder: string) => ({ id: folder === '.' ? 'inbox' : folder.toLowerCase() }),
    isKnownFile: async (file: InboxFile) => left.get(file.path) === facts(file),
    async storeOriginal({ cameraId, sha256, extension, bytes }: Original) {
      const path = `${cameraId}/${sha256}.${extension}`;
      stored.set(path, bytes);
      return path;
    },
    async record(arrival: Arrival) {
      if (arrival.left) left.set(arrival.left.path, facts(arrival.left));
      const isKnown = arrivals.some((a) => a.cameraId === arrival.cameraId && a.sha256 === arrival.sha256 && a.sha256);
      (isKnown ? known : arrivals).push(arrival);
      return isKnown ? ('known' as const) : ('recorded' as const);
    },
    async storeClip({ cameraId, sha256: expected, extension, size, open }: OriginalClip) {
      const bytes = Buffer.concat(await open().toArray());
      if (bytes.length !== size || sha256(bytes) !== expected) throw new NightjarError('invalid', 'other bytes');
      const path = `${cameraId}/${expected}.${extension}`;
      stored.set(path, bytes);
      return path;
    },
    async recordClip(arrival: ClipArrival) {
      if (arrival.left) left.set(arrival.left.path, facts(arrival.left));
      const isKnown = clips.some((clip) => clip.cameraId === arrival.cameraId && clip.sha256 === arrival.sha256);
      if (!isKnown) clips.push(arrival);
      return isKnown ? ('known' as const) : ('recorded' as const);
    },
  };
  return { arrivals, known, clips, stored, sinks };
}

/** Ingest is told by the kernel what happens: that takes milliseconds, on a busy machine seconds. */
export const eventually = <T>(check: () => T | Promise<T>): Promise<T> =>
  vi.waitFor(check, { timeout: 20_000, interval: 5 });

export type TestInbox = Awaited<ReturnType<typeof createTestInbox>>;

export async function createTestInbox() {
  const root = await mkdtemp(join(tmpdir(), 'nightjar-ingest-'));
  const inbox = join(root, 'inbox');
  await mkdir(inbox);
  const ledger = createLedger();
  const time = createJumpClock();
  const opened: Ingest[] = [];

  async function start(options: Partial<IngestOptions> = {}): Promise<Ingest> {
    const ingest = await createIngest({
      ...ledger.sinks,
      inbox,
      mode: 'move',
      settleMs: 2_000,
      polling: false,
      timeZone: 'Europe/Berlin',
      imageBytesMax: 1_000_000,
      clipBytesMax: 5_000_000,
      imagePixelsMax: 1_000_000,
      clock: time.clock,
      log: silentLog,
      ...options,
    });
    opened.push(ingest);
    return ingest;
  }

  return {
    ...ledger,
    ...time,
    root,
    inbox,
    start,
    /** Writes the file in place. */
    async write(path: string, bytes: Uint8Array | string): Promise<void> {
      await mkdir(dirname(join(inbox, path)), { recursive: true });
      await writeFile(join(inbox, path), bytes);
    },
    /** Writes elsewhere and renames into place, as careful FTP servers do. */
    async drop(path: string, bytes: Uint8Array): Promise<void> {
      const temporary = join(root, 'upload');
      await writeFile(temporary, bytes);
      await mkdir(dirname(join(inbox, path)), { recursive: true });
      await rename(temporary, join(inbox, path));
    },
    /** What is in the inbox besides folders, hidden files included. */
    async files(): Promise<string[]> {
      // A folder of ours may go while it is listed.
      const list = () => readdir(inbox, { recursive: true, withFileTypes: true });
      const entries = await eventually(list);
      return entries.filter((entry) => !entry.isDirectory()).map((entry) => entry.name);
    },
    /** The arrivals, as soon as there are `count`. */
    arrived: (count: number): Promise<Arrival[]> =>
      eventually(() => {
        expect(ledger.arrivals).toHaveLength(count);
        return ledger.arrivals;
      }),
    /** The arrivals, as a person would write them down. */
    told: (): string[] =>
      ledger.arrivals.map((a) => `${a.cameraId}: ${a.sourceName}: ${a.error?.message ?? 'fine'}`).sort(),
    async close(): Promise<void> {
      await Promise.all(opened.map((ingest) => ingest.close()));
      await rm(root, { recursive: true, force: true });
    },
  };
}

export function makeImage(number: number, { width = 64, height = 48 } = {}): Sharp {
  const background = { r: number % 256, g: Math.floor(number / 256) % 256, b: 7 };
  return sharp({ create: { width, height, channels: 3, background } });
}

/** A JPEG that no other number makes: in pixels alone, near colours are the same after compression. */
export async function makeJpeg(number = 1): Promise<Buffer> {
  return insertSegment(await makeImage(number).jpeg().toBuffer(), COMMENT, Buffer.from(`number ${number}`));
}

const COMMENT = 0xfe;

/** Puts an application segment right after the start of a JPEG. */
export function insertSegment(jpeg: Buffer, marker: number, payload: Uint8Array): Buffer {
  const head = Buffer.from([0xff, marker, 0, 0]);
  head.writeUInt16BE(payload.length + 2, 2);
  return Buffer.concat([jpeg.subarray(0, 2), head, payload, jpeg.subarray(2)]);
}

/** The bytes in pieces, about equally long. */
export const cut = (bytes: Buffer, pieces: number): Buffer[] =>
  Array.from({ length: pieces }, (_, i) =>
    bytes.subarray(Math.floor((i * bytes.length) / pieces), Math.floor(((i + 1) * bytes.length) / pieces)),
  );

/** A log that keeps its warnings. */
export function createWarnings(): { readonly log: Logger; readonly warnings: string[] } {
  const warnings: string[] = [];
  const log = silentLog.child({});
  log.warn = (_facts: unknown, message?: string) => void warnings.push(message ?? '');
  return { log, warnings };
}

export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
