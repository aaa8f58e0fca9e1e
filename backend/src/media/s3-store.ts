/** The media store in a bucket of an S3-compatible server: one object for each media path, below the prefix. */
import { CopyObjectCommand, DeleteObjectCommand, HeadObjectCommand, ListObjectsV2Command } from '@aws-sdk/client-s3';
import { Readable } from 'node:stream';
import type { Clock } from '../lib/clock.ts';
import { NightjarError, toMessage } from '../lib/errors.ts';
import type { Logger } from '../lib/log.ts';
import type { S3Place } from '../lib/s3-url.ts';
import { checkMediaPath, isMediaPath, toMediaPath } from './address.ts';
import { checkedPieces } from './checked-stream.ts';
import { assertBucket, createS3Client, isMissing, s3Limits, toS3Error, type S3Credentials, type S3Limits } from './s3-client.ts'; // prettier-ignore
import { downloadObject } from './s3-download.ts';
import { abortAbandoned, uploadObject, type Upload } from './s3-upload.ts';
import { createScratch } from './scratch.ts';
import type { ByteSpan, ListedMedia, MediaStore } from './store.ts';

export interface S3StoreOptions {
  readonly place: S3Place;
  readonly credentials: S3Credentials;
  /** A folder for copies that programs work on. */
  readonly scratchDir: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly limits?: Partial<S3Limits>;
}

/** Fails with `unavailable` if the bucket is not there or not ours, as everything after that does while it is away. */
export async function createS3Store(options: S3StoreOptions): Promise<MediaStore> {
  const { place, credentials, clock, log } = options;
  const limits = { ...s3Limits, ...options.limits };
  const client = createS3Client(place, credentials, limits);
  await assertBucket(client, place);
  await tidy();
  const scratch = await createScratch(options.scratchDir, clock);

  const toObject = (mediaPath: string) => ({ Bucket: place.bucket, Key: place.prefix + checkMediaPath(mediaPath) });

  /** Rejects with `not_found` only if the bucket is there: what is said of one that is not is no word on its objects. */
  async function asking<T>(mediaPath: string, ask: () => Promise<T>): Promise<T> {
    try {
      return await ask();
    } catch (thrown) {
      const doing = `asking the media store for ${mediaPath}`;
      if (!isMissing(thrown)) throw toS3Error(doing, thrown, place);
      await assertBucket(client, place);
      throw new NightjarError('not_found', `nothing is stored under ${mediaPath}`, { cause: thrown });
    }
  }

  const look = (mediaPath: string) => client.send(new HeadObjectCommand(toObject(mediaPath)));

  /** Whether the same bytes are there already. A word of the bucket is not needed here: storing needs it anyway. */
  async function isThere(mediaPath: string, { sha256, size }: Pick<Upload, 'sha256' | 'size'>): Promise<boolean> {
    try {
      const { ContentLength, Metadata } = await look(mediaPath);
      return ContentLength === size && (Metadata?.['sha256'] ?? sha256) === sha256;
    } catch (thrown) {
      if (isMissing(thrown)) return false;
      throw thrown;
    }
  }

  async function keep(
    mediaPath: string,
    media: Omit<Upload, 'bucket' | 'key' | 'content'>,
    content: () => Upload['content'],
  ): Promise<string> {
    const { Bucket: bucket, Key: key } = toObject(mediaPath);
    const { sha256, size } = media;
    try {
      if (!(await isThere(mediaPath, media)))
        await uploadObject(client, { bucket, key, sha256, size, content: content() }, limits.partBytes);
    } catch (thrown) {
      throw toS3Error(`storing ${mediaPath}`, thrown, place);
    }
    return mediaPath;
  }

  async function* download(mediaPath: string, span?: ByteSpan): AsyncGenerator<Buffer> {
    const { Bucket: bucket, Key: key } = toObject(mediaPath);
    const pieces = downloadObject(client, { bucket, key, span, pieceMs: limits.pieceMs, clock });
    try {
      for (;;) {
        const next = await asking(mediaPath, () => pieces.next());
        if (next.done === true) return;
        yield next.value;
      }
    } finally {
      await pieces.return(undefined);
    }
  }

  async function open(mediaPath: string) {
    const { ContentLength: size = 0 } = await asking(mediaPath, () => look(mediaPath));
    const stream = (span?: ByteSpan) => Readable.from(download(mediaPath, span), { objectMode: false });
    return { size, stream };
  }

  async function has(mediaPath: string): Promise<boolean> {
    try {
      await asking(mediaPath, () => look(mediaPath));
      return true;
    } catch (thrown) {
      if (thrown instanceof NightjarError && thrown.kind === 'not_found') return false;
      throw thrown;
    }
  }

  /** By the server itself. What is damaged twice in other ways has other tags, and so is kept twice. */
  async function copyAside(mediaPath: string): Promise<string> {
    const { ETag = '' } = await asking(mediaPath, () => look(mediaPath));
    const { Bucket, Key } = toObject(mediaPath);
    const aside = `.aside/${mediaPath}.${ETag.replaceAll(/[^0-9a-z]/gi, '')}`;
    const source = [Bucket, ...Key.split('/')].map(encodeURIComponent).join('/');
    const command = new CopyObjectCommand({ Bucket, Key: place.prefix + aside, CopySource: source });
    await asking(mediaPath, () => client.send(command));
    return aside;
  }

  async function* list(): AsyncGenerator<ListedMedia> {
    const wanted = { Bucket: place.bucket, Prefix: place.prefix, MaxKeys: limits.listMax };
    let from: string | undefined;
    do {
      const command = new ListObjectsV2Command({ ...wanted, ContinuationToken: from });
      const page = await client.send(command).catch((thrown: unknown) => {
        throw toS3Error('listing the media store', thrown, place);
      });
      for (const { Key = '', Size = 0, LastModified = new Date(0) } of page.Contents ?? []) {
        const mediaPath = Key.slice(place.prefix.length);
        if (isMediaPath(mediaPath)) yield { mediaPath, size: Size, modifiedAt: LastModified };
      }
      from = page.NextContinuationToken;
    } while (from !== undefined);
  }

  async function tidy(): Promise<void> {
    try {
      const aborted = await abortAbandoned(client, { ...place, nowMs: clock.nowMs() });
      if (aborted > 0) log.info({ uploads: aborted }, 'ended abandoned uploads of an earlier run to the media store');
    } catch (thrown) {
      // They cost room only; not every server lists them, and not every key may.
      log.debug({ err: thrown }, `abandoned uploads cannot be looked for: ${toMessage(thrown)}`);
    }
  }

  return {
    put: async (media) => {
      const { bytes, sha256 } = media;
      return keep(toMediaPath(media), { sha256, size: bytes.length }, () => Readable.from([Buffer.from(bytes)]));
    },
    putStream: async (media) => keep(toMediaPath(media), media, () => checkedPieces(media.open(), media)),
    read: async (mediaPath) => {
      const pieces: Buffer[] = [];
      for await (const piece of download(mediaPath)) pieces.push(piece);
      return Buffer.concat(pieces);
    },
    open,
    has,
    withFile: async (mediaPath, use) => {
      const { size, stream } = await open(mediaPath);
      return scratch.withCopy({ mediaPath, size, open: () => stream() }, use);
    },
    remove: async (mediaPath) => {
      await client.send(new DeleteObjectCommand(toObject(mediaPath))).catch(async (thrown: unknown) => {
        if (!isMissing(thrown)) throw toS3Error(`removing ${mediaPath}`, thrown, place);
        await assertBucket(client, place);
      });
    },
    copyAside,
    list,
    freeBytes: async () => null,
  };
}
