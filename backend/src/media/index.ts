/**
 * The media store: original bytes, content-addressed per camera, in a folder or in a bucket of an S3-compatible server.
 *
 * In: a camera's id, a sha256, an extension, bytes. Out: a media path, `<camera_id>/<sha256[0..2]>/<sha256>.<extension>`,
 * relative to the root (or to the bucket's prefix), and the bytes again by that path. Fails with `unavailable` when the
 * place is full, broken, away or closed to us (put keeps nothing half-written then), `not_found` for a path nothing is
 * stored under, `invalid` for a path that is not of exactly that form, so that no path leads out of the root, and for a
 * stream that gives other bytes than it was said to. Holds no list that grows with what is stored, and no bytes but one
 * part for each upload to a bucket (`s3Limits`, which also says how long a server is waited for, and how often asked).
 */
import type { S3StoreOptions } from './s3-store.ts';
import type { MediaStore } from './store.ts';

export { createDiskStore } from './disk-store.ts';
export type { ByteSpan, ListedMedia, MediaStore, StoredMedia } from './store.ts';

/** The client for S3 takes tens of megabytes: it is loaded by those who use it. */
export const openS3Store = async (options: S3StoreOptions): Promise<MediaStore> =>
  (await import('./s3-store.ts')).createS3Store(options);
