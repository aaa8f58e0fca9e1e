import type { ByteRange } from './options.ts';

/**
 * One range of a `Range` header (RFC 9110, section 14.1.2), clipped to the size. `undefined` means the whole: no range,
 * a unit or form we do not know, or several ranges, all of which a server may ignore. `unsatisfiable` is for 416.
 */
export function parseByteRange(header: string | undefined, size: number): ByteRange | 'unsatisfiable' | undefined {
  const [, first, last] = /^bytes=(\d{0,15})-(\d{0,15})$/i.exec(header?.trim() ?? '') ?? [];
  if (first === undefined || last === undefined || (first === '' && last === '')) return undefined;
  if (first === '') return toSuffix(Number(last), size);
  const start = Number(first);
  const end = last === '' ? size - 1 : Math.min(Number(last), size - 1);
  if (last !== '' && Number(last) < start) return undefined;
  return start < size ? { start, end } : 'unsatisfiable';
}

function toSuffix(bytes: number, size: number): ByteRange | 'unsatisfiable' {
  if (bytes === 0 || size === 0) return 'unsatisfiable';
  return { start: Math.max(0, size - bytes), end: size - 1 };
}

/** Whether `If-None-Match` names this tag; weak comparison, as RFC 9110 (section 13.1.2) wants it here. */
export function matchesTag(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  return header.split(',').some((tag) => ['*', etag].includes(tag.trim().replace(/^W\//, '')));
}
