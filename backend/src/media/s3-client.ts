/** The way to the bucket: the client with its limits, and what its failures mean. */
import { HeadBucketCommand, S3Client, S3ServiceException } from '@aws-sdk/client-s3';
import { NightjarError, toMessage } from '../lib/errors.ts';
import type { S3Place } from '../lib/s3-url.ts';

export interface S3Limits {
  readonly connectMs: number;
  /** From a request to its answer, the sending of `partBytes` included. */
  readonly answerMs: number;
  /** Between two pieces of an answer, while somebody wants the next. */
  readonly pieceMs: number;
  /** Tries of one request; in between the client waits some 100 ms, longer when told to slow down. */
  readonly attemptsMax: number;
  /** What is larger goes in parts of this size; one is held in memory for each upload. 5 MiB at least, by the protocol. */
  readonly partBytes: number;
  /** Objects in one page of a list; 1,000 at most, by the protocol. */
  readonly listMax: number;
}

export const s3Limits: S3Limits = {
  connectMs: 5_000,
  answerMs: 60_000,
  pieceMs: 30_000,
  attemptsMax: 3,
  partBytes: 8 * 1024 ** 2,
  listMax: 1_000,
};

export interface S3Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

export function createS3Client(place: S3Place, credentials: S3Credentials, limits: S3Limits): S3Client {
  return new S3Client({
    region: place.region,
    ...(place.endpoint === undefined ? {} : { endpoint: place.endpoint }),
    forcePathStyle: place.pathStyle,
    credentials,
    maxAttempts: limits.attemptsMax,
    retryMode: 'standard',
    requestHandler: {
      connectionTimeout: limits.connectMs,
      requestTimeout: limits.answerMs,
      throwOnRequestTimeout: true,
    },
    // The newer kinds of checksum are unknown to many compatible servers; the signature covers the bytes' sha256 anyway.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  });
}

/** Throws `unavailable`, in words for the operator, if the bucket is not there, not ours, or does not answer. */
export async function assertBucket(client: S3Client, place: S3Place): Promise<void> {
  try {
    await client.send(new HeadBucketCommand({ Bucket: place.bucket }));
  } catch (thrown) {
    const reason = isMissing(thrown) ? toNoBucket(place) : toReason(thrown, place);
    throw new NightjarError('unavailable', `the media store s3://${place.bucket}: ${reason}`, { cause: thrown });
  }
}

/** Whether the answer was 404: there is no such object, or no such bucket. */
export const isMissing = (thrown: unknown): boolean => toStatus(thrown) === 404;

/**
 * Any failure as one of ours. Whatever a server or the network says heals by waiting, or by an operator: it is never a
 * reason to give up a picture. That there is no such object is told apart by whoever asked for it.
 */
export function toS3Error(doing: string, thrown: unknown, place: S3Place): NightjarError {
  if (thrown instanceof NightjarError) return thrown;
  return new NightjarError('unavailable', `${doing}: ${toReason(thrown, place)}`, { cause: thrown });
}

const toStatus = (thrown: unknown): number | undefined =>
  thrown instanceof S3ServiceException ? thrown.$metadata.httpStatusCode : undefined;

/** Answers that say that we asked at the wrong place. */
const WRONG_PLACE = ['AuthorizationHeaderMalformed', 'PermanentRedirect', 'TemporaryRedirect', 'IllegalLocationConstraintException']; // prettier-ignore

function toReason(thrown: unknown, place: S3Place): string {
  const status = toStatus(thrown);
  if (status === undefined || !(thrown instanceof S3ServiceException)) return toMessage(thrown);
  if (thrown.name === 'NoSuchBucket') return toNoBucket(place);
  if (WRONG_PLACE.includes(thrown.name) || status === 301 || status === 307)
    return `this is not the region or the endpoint of the bucket (${thrown.name}): correct MEDIA_URL`;
  if (status === 401 || status === 403)
    return `access is refused (${toWords(thrown, status)}): check S3_ACCESS_KEY_ID, S3_SECRET_ACCESS_KEY, the rights on the bucket, and this machine's clock`;
  return toWords(thrown, status);
}

const toNoBucket = ({ bucket, endpoint }: S3Place): string =>
  `there is no bucket ${bucket}${endpoint === undefined ? '' : ` at ${endpoint}`}: make it, or correct MEDIA_URL`;

/** An answer to HEAD has no body, and so no words. */
const toWords = ({ name, message }: Error, status: number): string =>
  name === 'Unknown' || message === 'UnknownError' ? `HTTP ${status}` : `${name}, HTTP ${status}: ${message}`;
