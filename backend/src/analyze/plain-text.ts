/**
 * Text from outside made harmless to carry: one line, no control or invisible characters (which can hide an
 * instruction from people, or turn the reading direction), valid Unicode, and no longer than `charsMax`.
 */
export function toPlainText(text: string, charsMax: number): string {
  // Cut before cleaning as well: a megabyte of spaces is not worth its cleaning.
  const plain = text
    .slice(0, charsMax * 4)
    .replace(/[\p{Cf}\p{Co}\p{Cn}\p{Cs}]/gu, '')
    .replace(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, ' ')
    .trim();
  const chars = Array.from(plain);
  return chars.length <= charsMax ? plain : `${chars.slice(0, charsMax - 1).join('').trimEnd()}…`; // prettier-ignore
}
