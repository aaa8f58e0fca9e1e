import { randomBytes } from 'node:crypto';

export type NewId = () => string;

/**
 * UUID version 7 (RFC 9562, section 5.7): 48 bits of milliseconds, then random bits. Ids made later sort later
 * (between milliseconds), which keeps index inserts at the right-hand edge of the tree.
 */
export function newId(nowMs: number = Date.now()): string {
  const bytes = randomBytes(16);
  bytes.writeUIntBE(nowMs, 0, 6);
  bytes[6] = 0x70 | ((bytes[6] ?? 0) & 0x0f);
  bytes[8] = 0x80 | ((bytes[8] ?? 0) & 0x3f);
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

/** Sorts before every id that is made from then on, and after those made before. */
export function firstIdAt(atMs: number): string {
  const hex = Math.floor(atMs).toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}-7000-8000-000000000000`;
}
