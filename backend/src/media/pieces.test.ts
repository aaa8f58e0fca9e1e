import { Readable } from 'node:stream';
import { expect, it } from 'vitest';
import { toPieces } from './pieces.ts';

const cut = async (given: readonly string[], pieceBytes: number): Promise<string[]> => {
  const pieces: string[] = [];
  for await (const piece of toPieces(Readable.from(given.map((text) => Buffer.from(text))), pieceBytes))
    pieces.push(piece.toString());
  return pieces;
};

it.each([
  [[], 3, []],
  [['ab'], 3, ['ab']],
  [['abc'], 3, ['abc']],
  [['abcdefgh'], 3, ['abc', 'def', 'gh']],
  [['a', 'b', '', 'c', 'd'], 3, ['abc', 'd']],
  [['ab', 'cdefg', 'hi'], 3, ['abc', 'def', 'ghi']],
])('cuts %j into pieces of %i', async (given, pieceBytes, pieces) => {
  expect(await cut(given, pieceBytes)).toEqual(pieces);
});
