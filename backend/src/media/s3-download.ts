/** Bytes from the bucket, piece by piece: a connection that is cut or silent half-way is an error, never a short answer. */
import { GetObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { Readable } from 'node:stream';
import type { Clock } from '../lib/clock.ts';
import type { ByteSpan } from './store.ts';

export interface Download {
  readonly bucket: string;
  readonly key: string;
  readonly span?: ByteSpan | undefined;
  readonly pieceMs: number;
  readonly clock: Clock;
}

export async function* downloadObject(client: S3Client, download: Download): AsyncGenerator<Buffer> {
  const { bucket, key, span } = download;
  const range = span && `bytes=${span.start}-${span.end}`;
  const { Body, ContentLength } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key, Range: range }));
  if (!(Body instanceof Readable)) throw new Error('the answer has no body');
  const wanted = span ? span.end - span.start + 1 : ContentLength;
  let got = 0;
  try {
    for await (const piece of timed(Body, download)) {
      got += piece.length;
      yield piece;
    }
  } finally {
    Body.destroy();
  }
  if (got !== wanted) throw new Error(`the answer has ${got} bytes instead of ${wanted ?? 'so many as it was to say'}`);
}

/** Time runs only while a piece is waited for: a slow reader is no silent server. */
async function* timed(body: Readable, { pieceMs, clock }: Download): AsyncGenerator<Buffer> {
  const pieces = body[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  for (;;) {
    const done = new AbortController();
    const late = clock.sleep(pieceMs, done.signal).then(() => 'late' as const);
    const next = await Promise.race([pieces.next(), late]).finally(() => done.abort());
    if (next === 'late') throw new Error(`nothing came for ${pieceMs} ms`);
    if (next.done === true) return;
    yield next.value;
  }
}
