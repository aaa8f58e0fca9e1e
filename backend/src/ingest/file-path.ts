/**
 * Names of files as the system has them: bytes, which need not be UTF-8.
 *
 * Inside, a path is a string. Each byte that is not valid UTF-8 stands in it as one half of a surrogate pair (U+DC80 to
 * U+DCFF; Python calls this `surrogateescape`), which no valid name contains: so the bytes can be got back without loss,
 * and a normal name is what it always was. The file system gets the bytes, the ledger gets `toLedgerText` and `toLedgerKey`.
 */
import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';

/** Longer paths cannot be named to the system, though folders that are made step by step may lead there. */
const PATH_BYTES_MAX = process.platform === 'darwin' ? 1_023 : 4_095;
const UTF8_BYTES_PER_CHAR_MAX = 3;
const LEDGER_KEY_BYTES_MAX = 2_000;

const ESCAPES_FROM = 0xdc00;
/** With the flag `u` this matches no half of a whole pair. */
const ESCAPED_BYTE = /([\udc80-\udcff])/u;
/** What an escaped byte looks like in the ledger's text. */
const LEDGER_ESCAPE = /\\x[0-9a-f]{2}/;

/** A name as the system tells it. */
export function toName(bytes: Buffer): string {
  return isUtf8(bytes) ? bytes.toString() : escapeBytes(bytes);
}

function escapeBytes(bytes: Buffer): string {
  let name = '';
  for (let at = 0; at < bytes.length;) {
    const character = bytes.subarray(at, at + toCharacterBytes(bytes[at] ?? 0));
    const isCharacter = isUtf8(character);
    name += isCharacter ? character.toString() : String.fromCharCode(ESCAPES_FROM + (bytes[at] ?? 0));
    at += isCharacter ? character.length : 1;
  }
  return name;
}

/** How many bytes a character has by its first one (RFC 3629); whether they are valid is told by looking at them. */
function toCharacterBytes(first: number): number {
  if (first < 0xc0) return 1;
  if (first < 0xe0) return 2;
  return first < 0xf0 ? 3 : 4;
}

/** What the file system is to be given for this path. */
export function toFilePath(path: string): string | Buffer {
  if (!ESCAPED_BYTE.test(path)) return path;
  // Splitting by a group leaves what it matched at the odd places.
  const pieces = path.split(ESCAPED_BYTE);
  return Buffer.concat(
    pieces.map((piece, index) => (index % 2 === 0 ? Buffer.from(piece) : Buffer.of(piece.charCodeAt(0) & 0xff))),
  );
}

/**
 * The path as text that a database, JSON and a person can read: `caf\xe9.jpg`. Two paths never have the same text: where
 * a name that is valid looks as if it had such an escape, its backslashes are doubled, as they are beside real ones.
 */
export function toLedgerText(path: string): string {
  if (!ESCAPED_BYTE.test(path) && !LEDGER_ESCAPE.test(path)) return path;
  return path
    .replaceAll('\\', '\\\\')
    .replace(/[\udc80-\udcff]/gu, (byte) => `\\x${(byte.charCodeAt(0) & 0xff).toString(16)}`);
}

/** `toLedgerText` for what is looked up by an index, which holds 2,704 bytes at most. No two paths have the same here either. */
export function toLedgerKey(path: string): string {
  const text = toLedgerText(path);
  const bytes = Buffer.from(text);
  if (bytes.length <= LEDGER_KEY_BYTES_MAX) return text;
  // Longer than all that are left whole. With a backslash: nobody takes it for a path that the system knows.
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return `${bytes.subarray(0, LEDGER_KEY_BYTES_MAX).toString()}\\...${sha256}`;
}

export function isTooLong(path: string): boolean {
  return path.length * UTF8_BYTES_PER_CHAR_MAX > PATH_BYTES_MAX && Buffer.byteLength(toFilePath(path)) > PATH_BYTES_MAX;
}
