import { createHash, randomBytes } from 'node:crypto';

const KEY_BYTES = 32;
/** So that people, and scanners for secrets that leaked, know it for one of ours. */
const KEY_MARK = 'nj_';
/** Enough to recognise a key in a list, and nothing to guess the rest by: 48 of 256 bits. */
const PREFIX_CHARS = KEY_MARK.length + 8;

export interface NewKey {
  /** To be shown once. */
  readonly key: string;
  readonly prefix: string;
  readonly keyHash: string;
}

/** A new random key. */
export function createKey(): NewKey {
  const key = `${KEY_MARK}${randomBytes(KEY_BYTES).toString('base64url')}`;
  return { key, prefix: key.slice(0, PREFIX_CHARS), keyHash: hashKey(key) };
}

/** Whether it has the form of a key of ours: known or not, nobody came upon it by guessing. */
export const isKeyShaped = (key: string): boolean => /^nj_[\w-]{43}$/.test(key);

/**
 * What is kept of a key. A plain hash: keys are 256 random bits, which nobody tries out. Looking a key up by its hash
 * takes as long for a wrong one as for one that is nearly right.
 */
export const hashKey = (key: string): string => createHash('sha256').update(key).digest('hex');
