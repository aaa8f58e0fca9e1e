/** What a media store does, wherever it keeps its bytes: a folder (disk-store.ts) or an S3-compatible server (s3-store.ts). */
import type { Readable } from 'node:stream';
import type { MediaAddress } from './address.ts';

/** First and last byte, both included, as in an HTTP range. */
export interface ByteSpan {
  readonly start: number;
  readonly end: number;
}

export interface StoredMedia {
  /** Bytes */
  readonly size: number;
  /** Those of the span, all without one. Nothing is opened before it is called; the caller reads to the end or destroys it. */
  readonly stream: (span?: ByteSpan) => Readable;
}

export interface ListedMedia {
  readonly mediaPath: string;
  /** Bytes */
  readonly size: number;
  readonly modifiedAt: Date;
}

export interface MediaStore {
  /** Resolves once the bytes would survive a power cut. The same content again is done at once. */
  put(media: MediaAddress & { readonly bytes: Uint8Array }): Promise<string>;
  /** The same for what is too large to be held in memory. `open` may be called again; fails with `invalid` if it gives other than `size` bytes. */
  putStream(media: MediaAddress & { readonly size: number; readonly open: () => Readable }): Promise<string>;
  read(mediaPath: string): Promise<Buffer>;
  open(mediaPath: string): Promise<StoredMedia>;
  /** Whether something is stored under this path. */
  has(mediaPath: string): Promise<boolean>;
  /** The bytes as a local file, for programs that need one: the stored one itself, or a copy that is gone afterwards. */
  withFile<T>(mediaPath: string, use: (file: string) => Promise<T>): Promise<T>;
  /** Removing what is not there is fine. */
  remove(mediaPath: string): Promise<void>;
  /** Keeps the bytes in a place that is not listed as well, for a person to look at; resolves to where that is. */
  copyAside(mediaPath: string): Promise<string>;
  /** Everything that is stored, in no order, without holding it all; what is not of the form of a media path is left out. */
  list(): AsyncIterable<ListedMedia>;
  /** Bytes left for use where the bytes are kept; null where nobody can say (S3). */
  freeBytes(): Promise<number | null>;
}
