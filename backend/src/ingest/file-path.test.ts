import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isTooLong, toFilePath, toLedgerText, toName } from './file-path.ts';

const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1');
const back = (name: string): Buffer => Buffer.from(toFilePath(name));

describe('a name', () => {
  it.each([
    ['plain', Buffer.from('a.jpg'), 'a.jpg', 'a.jpg'],
    ['of several alphabets', Buffer.from('Süd 大门 🚗.jpg'), 'Süd 大门 🚗.jpg', 'Süd 大门 🚗.jpg'],
    ['in Latin-1', latin1('caf\xe9.jpg'), 'caf\udce9.jpg', 'caf\\xe9.jpg'],
    ['cut inside a character', Buffer.from('大').subarray(0, 2), '\udce5\udca4', '\\xe5\\xa4'],
    ['with a surrogate in UTF-8', latin1('\xed\xb2\x80'), '\udced\udcb2\udc80', '\\xed\\xb2\\x80'],
    ['with a character that is too long', latin1('\xc0\xaf'), '\udcc0\udcaf', '\\xc0\\xaf'],
    ['that looks escaped', Buffer.from('caf\\xe9.jpg'), 'caf\\xe9.jpg', 'caf\\\\xe9.jpg'],
    ['with backslashes', Buffer.from('C:\\new\\x.jpg'), 'C:\\new\\x.jpg', 'C:\\new\\x.jpg'],
    ['with both', latin1('a\\b\xff'), 'a\\b\udcff', 'a\\\\b\\xff'],
    ['with control characters', Buffer.from('a\n\x1b\x7f'), 'a\n\x1b\x7f', 'a\n\x1b\x7f'],
  ])('%s is kept without loss, and has its text', (_, bytes, name, text) => {
    expect(toName(bytes)).toBe(name);
    expect(back(name)).toEqual(bytes);
    expect(toLedgerText(name)).toBe(text);
  });

  it('of any bytes comes back, and no two have the same text', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 12 }),
      // What is near the escapes themselves.
      fc.array(fc.constantFrom(...Buffer.from('\\xe9\\'), 0xe9, 0x5c, 0xed, 0xb2, 0x80), { maxLength: 10 }),
    );
    fc.assert(
      fc.property(bytes, bytes, (one, other) => {
        const [a, b] = [Buffer.from(one), Buffer.from(other)];
        expect(back(toName(a))).toEqual(a);
        const text = toLedgerText(toName(a));
        expect(Buffer.from(text).toString()).toBe(text);
        expect(text === toLedgerText(toName(b))).toBe(a.equals(b));
      }),
      { numRuns: 500 },
    );
  });

  it('is too long for the system by its bytes, not by its characters', () => {
    expect(isTooLong(`/${'a'.repeat(3_000)}`)).toBe(false);
    expect(isTooLong(`/${'大'.repeat(1_300)}`)).toBe(false);
    expect(isTooLong(`/${'大'.repeat(1_366)}`)).toBe(true);
    expect(isTooLong(`/${'\udce9'.repeat(1_366)}`)).toBe(false);
  });
});
