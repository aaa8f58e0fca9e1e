import { describe, expect, it } from 'vitest';
import { isPrintable, toPrintable } from './printable.ts';

describe('a name from outside', () => {
  it.each([
    ['Front Door', 'Front Door'],
    ['Einfahrt Süd 大门 🚗 👨‍👩‍👧', 'Einfahrt Süd 大门 🚗 👨‍👩‍👧'],
    ['red\u001b[31m', 'red\\x1b[31m'],
    ['two\nlines\r\0\u007f\u009b', 'two\\x0alines\\x0d\\x00\\x7f\\x9b'],
    ['invoice\u202egpj.exe', 'invoice\\u202egpj.exe'],
    ['\u2066isolated\u2069', '\\u2066isolated\\u2069'],
    ['half \udce9', 'half \\udce9'],
  ])('%j is shown as %j', (name, shown) => {
    expect(toPrintable(name)).toBe(shown);
  });
});

it('is printable when it is shown as it is', () => {
  expect(['Einfahrt Süd 大门 🚗', 'caf\\xe9', 'two\nlines', 'a\u202eb'].map(isPrintable)).toEqual([
    true,
    true,
    false,
    false,
  ]);
});
