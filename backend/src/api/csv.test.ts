import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { toCsv, toHarmless } from './csv.ts';

describe('a cell', () => {
  test.each([
    ['=1+1', "'=1+1"],
    ['+1', "'+1"],
    ['-1', "'-1"],
    ['@x', "'@x"],
    ['\tx', "'\tx"],
    ['\rx', "'\rx"],
    ['\t=x', "'\t'=x"],
    [' =x', "' =x"],
    ['＝x', "'＝x"],
    ["x;=cmd|'/C calc'!A0;y", "x;'=cmd|'/C calc'!A0;y"],
    ['x;"=cmd";y', `x;'"=cmd";y`],
    ['x\t@y|-z,+w\n=v', "x\t'@y|'-z,'+w\n'=v"],
    ['a well-known guest, 1 + 1 = 2; me@home', 'a well-known guest, 1 + 1 = 2; me@home'],
    ['plain, "quoted"\nand broken', 'plain, "quoted"\nand broken'],
  ])('%j', (text, expected) => {
    expect(toHarmless(text)).toBe(expected);
  });

  test('is quoted where it is text, and bare where it is a figure or a flag', () => {
    expect(toCsv([['a', 'b "c"', -1, true, null, 'd;e\r\nf']])).toBe('"a","b ""c""",-1,true,,"d;e\r\nf"\r\n');
  });
});

test('no cell begins with a formula, whatever stands between cells', () => {
  const hostile = fc.string({ unit: fc.constantFrom(...Array.from('=+-@;,|\t\r\n" \'a')), maxLength: 30 });
  fc.assert(
    fc.property(hostile, fc.constantFrom(';', ',', '|', '\t'), (text, separator) => {
      const line = toCsv([['id', text, 'end']]);
      // Quotes read or ignored: whatever could be a cell.
      for (const cell of line.split(new RegExp(`[${separator}\r\n]`))) expect(cell).not.toMatch(/^[" ]*[=+\-@]/);
    }),
    { numRuns: 2_000 },
  );
});

test('takes no longer for what is made to take long', () => {
  const text = `${' '.repeat(50_000)};${' '.repeat(50_000)};`.repeat(4);
  expect(toHarmless(text)).toBe(text);
});
