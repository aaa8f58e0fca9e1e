import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { NightjarError, toMessage } from '../lib/errors.ts';

export interface Expected {
  /** Bytes */
  readonly size: number;
  /** 64 lower-case hexadecimal digits */
  readonly sha256: string;
}

/**
 * The pieces of a stream, which must add up to what is expected: otherwise `invalid`, at the latest after the last piece.
 * A source that cannot be read is `unavailable`, unless it says otherwise itself.
 */
export async function* checkedPieces(source: Readable, { size, sha256 }: Expected): AsyncGenerator<Buffer> {
  const hash = createHash('sha256');
  let passed = 0;
  for await (const piece of readable(source)) {
    passed += piece.length;
    if (passed > size) break;
    hash.update(piece);
    yield piece;
  }
  if (passed !== size)
    throw new NightjarError('invalid', `there are ${passed > size ? 'more' : 'fewer'} bytes than ${size}`);
  if (hash.digest('hex') !== sha256) throw new NightjarError('invalid', `the bytes have another sha256 than ${sha256}`);
}

async function* readable(source: Readable): AsyncGenerator<Buffer> {
  try {
    for await (const piece of source) yield piece as Buffer;
  } catch (thrown) {
    if (thrown instanceof NightjarError) throw thrown;
    const message = `reading what is to be stored or copied: ${toMessage(thrown)}`;
    throw new NightjarError('unavailable', message, { cause: thrown });
  }
}
