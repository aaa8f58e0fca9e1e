import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseArray, toArrayText } from './array-types.ts';

const read = (text: string): string => text;

describe('arrays of PostgreSQL', () => {
  it.each([
    ['{}', []],
    ['{a,b}', ['a', 'b']],
    ['{NULL,"NULL",""}', [null, 'NULL', '']],
    [String.raw`{"a,b","{c}","d\"e","f\\g"," h "}`, ['a,b', '{c}', 'd"e', String.raw`f\g`, ' h ']],
    ['{"two\nlines"}', ['two\nlines']],
  ])('%s is read as %j', (text, items) => expect(parseArray(text, read)).toEqual(items));

  it('come back as they were written', () => {
    fc.assert(
      fc.property(fc.array(fc.option(fc.string({ unit: 'binary', maxLength: 20 }))), (items) => {
        expect(parseArray(toArrayText(items), read)).toEqual(items);
      }),
    );
  });

  it('are written with numbers and flags bare, times and objects quoted', () => {
    expect(toArrayText([1, true, undefined, 2n])).toBe('{1,true,NULL,2}');
    expect(toArrayText([new Date(0), { a: 'b' }])).toBe(String.raw`{"1970-01-01T00:00:00.000Z","{\"a\":\"b\"}"}`);
  });

  it('of more dimensions are refused', () => {
    expect(() => parseArray('{{1},{2}}', read)).toThrow('one dimension');
  });
});
