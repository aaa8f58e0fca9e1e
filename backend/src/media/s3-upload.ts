/** Bytes to the bucket: as one object, or, if there are more than one part holds, part by part. */
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  ListMultipartUploadsCommand,
  PutObjectCommand,
  UploadPartCommand,
  type CompletedPart,
  type S3Client,
} from '@aws-sdk/client-s3';
import { NightjarError } from '../lib/errors.ts';
import { toPieces } from './pieces.ts';

export interface Upload {
  readonly bucket: string;
  readonly key: string;
  readonly sha256: string;
  /** Bytes */
  readonly size: number;
  /** May throw at any piece, the last included: nothing is kept then. */
  readonly content: AsyncIterable<Buffer>;
}

/** By the protocol. */
const PARTS_MAX = 10_000;
/** Abandoned by a process that was killed; a younger one may still be under way. */
const ABANDONED_AGE_MS_MIN = 24 * 3_600_000;

export async function uploadObject(client: S3Client, upload: Upload, partBytes: number): Promise<void> {
  if (upload.size > partBytes * PARTS_MAX)
    throw new NightjarError('invalid', `${upload.size} bytes are more than ${PARTS_MAX} parts of ${partBytes} bytes`);
  const parts = toPieces(upload.content, partBytes);
  if (upload.size > partBytes) return uploadParts(client, upload, parts);
  const whole: Buffer[] = [];
  for await (const part of parts) whole.push(part);
  await client.send(
    new PutObjectCommand({
      ...toObject(upload),
      Body: Buffer.concat(whole),
      ChecksumSHA256: Buffer.from(upload.sha256, 'hex').toString('base64'),
    }),
  );
}

async function uploadParts(client: S3Client, upload: Upload, parts: AsyncIterable<Buffer>): Promise<void> {
  const { UploadId } = await client.send(new CreateMultipartUploadCommand(toObject(upload)));
  const at = { Bucket: upload.bucket, Key: upload.key, UploadId };
  try {
    const done: CompletedPart[] = [];
    for await (const part of parts) {
      const PartNumber = done.length + 1;
      const { ETag } = await client.send(new UploadPartCommand({ ...at, PartNumber, Body: part }));
      done.push({ PartNumber, ETag });
    }
    await client.send(new CompleteMultipartUploadCommand({ ...at, MultipartUpload: { Parts: done } }));
  } catch (thrown) {
    // The server may be too far away even for this; a later start does it then.
    await client.send(new AbortMultipartUploadCommand(at)).catch(() => undefined);
    throw thrown;
  }
}

/** The sha256 stays with the object, so that any tool can check the bytes against it. */
const toObject = ({ bucket, key, sha256 }: Upload) => ({ Bucket: bucket, Key: key, Metadata: { sha256 } });

/** Gives the room of uploads back that nobody will complete; resolves to how many there were. */
export async function abortAbandoned(
  client: S3Client,
  { bucket, prefix, nowMs }: { readonly bucket: string; readonly prefix: string; readonly nowMs: number },
): Promise<number> {
  const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket: bucket, Prefix: prefix }));
  const old = Uploads.filter(({ Initiated }) => Initiated && nowMs - Initiated.getTime() > ABANDONED_AGE_MS_MIN);
  for (const { Key, UploadId } of old)
    await client.send(new AbortMultipartUploadCommand({ Bucket: bucket, Key, UploadId }));
  return old.length;
}
