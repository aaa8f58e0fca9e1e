/** A film in the inbox: looked into, hashed and handed on piece by piece; it is never in memory as a whole. */
import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { toClipEnding } from './ending.ts';
import type { ClipFormat } from './start.ts';
import type { Ending } from '../finished.ts';
import { withSighted, type Sighting } from '../inbox-file.ts';

const PIECE_BYTES = 256 * 1024;

/** How far the upload of a film has come; undefined if the file changed meanwhile. */
export const lookAtEnding = (file: FileHandle, size: number, format: ClipFormat): Promise<Ending> =>
  toClipEnding(format, { size, read: (at, length) => readSome(file, at, length) });

export interface OpenedClip {
  readonly sha256: string;
  /** Bytes */
  readonly size: number;
  /** The bytes from the start; may be called again. */
  readonly open: () => Readable;
}

/**
 * Hashes the film that was sighted and has it kept by `keep`, from one descriptor: a newer upload of the same name is
 * another file. Undefined if it changed before `keep` was done: what was kept then counts for nothing.
 */
export function keepClip<T>(
  path: string,
  sighting: Sighting,
  keep: (clip: OpenedClip) => Promise<T>,
): Promise<T | undefined> {
  return withSighted(path, sighting, async (file) => {
    const hash = createHash('sha256');
    for await (const piece of pieces(file, sighting.bytes)) hash.update(piece);
    const open = (): Readable => Readable.from(pieces(file, sighting.bytes), { objectMode: false });
    return keep({ sha256: hash.digest('hex'), size: sighting.bytes, open });
  });
}

/** Fewer than `size` bytes in all, if the file has become shorter. */
async function* pieces(file: FileHandle, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < size;) {
    const piece = await readSome(file, at, Math.min(PIECE_BYTES, size - at));
    if (piece.length === 0) return;
    at += piece.length;
    yield piece;
  }
}

async function readSome(file: FileHandle, at: number, length: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(length);
  let done = 0;
  while (done < length) {
    const { bytesRead } = await file.read(bytes, done, length - done, at + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return bytes.subarray(0, done);
}
