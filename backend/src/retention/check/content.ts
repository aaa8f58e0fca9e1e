/** One file of the media store against what it should be. */
import { createHash } from 'node:crypto';
import { errorCode, toMessage, toNightjarError } from '../../lib/errors.ts';
import type { CheckedMedia, Fault } from './finding.ts';

export interface Expected {
  readonly mediaPath: string;
  readonly bytes: number;
  readonly sha256: string | null;
}

export interface Flaw {
  readonly fault: Extract<Fault, 'missing' | 'size' | 'sha256' | 'unreadable'>;
  readonly detail: string;
}

/** Streamed: memory does not grow with the file. Undefined when all is well. */
export async function findFlaw(media: CheckedMedia, expected: Expected, isQuick: boolean): Promise<Flaw | undefined> {
  try {
    const { size, stream } = await media.open(expected.mediaPath);
    if (size !== expected.bytes) return { fault: 'size', detail: `${size} bytes, not ${expected.bytes}` };
    if (isQuick || expected.sha256 === null) return undefined;
    const found = await hash(stream());
    return found === expected.sha256 ? undefined : { fault: 'sha256', detail: `its sha256 is ${found}` };
  } catch (thrown) {
    const isGone = toNightjarError(thrown).kind === 'not_found' || errorCode(thrown) === 'ENOENT';
    return isGone ? { fault: 'missing', detail: 'no such file' } : { fault: 'unreadable', detail: toMessage(thrown) };
  }
}

/** Lower-case hexadecimal. */
export async function hash(stream: AsyncIterable<unknown>): Promise<string> {
  const sum = createHash('sha256');
  for await (const chunk of stream) sum.update(chunk as Buffer);
  return sum.digest('hex');
}
