/**
 * What people type, as a tsquery: every word must be there, the last one may be the beginning of a word. Words are split
 * as `event_words` in the database splits them (migration 0005), so nothing that is typed can be an operator.
 *
 * A camera's name is not among an event's words, for it may change: a word of it stands for `@` and the camera instead.
 */
import { sql } from 'drizzle-orm';
import type { Orm } from '../../db/index.ts';

/** Longer words are cut, as the database cuts them where they would be too long. */
const WORD_CHARS_MAX = 64;
// oxlint-disable-next-line no-control-regex -- the very set that the database splits at
const BETWEEN_WORDS = /[\u0000-\u002f\u003a-\u0040\u005b-\u0060\u007b-\u00bf\u2000-\u206f\u3000-\u303f]+/u;

export const toWords = (text: string): readonly string[] =>
  text
    .normalize('NFKC')
    .toLowerCase()
    .split(BETWEEN_WORDS)
    .filter((word) => word !== '');

interface NamedCamera extends Record<string, unknown> {
  readonly id: string;
  readonly name: string;
}

/** Undefined where there is no word in it. */
export async function toSearch(orm: Orm, q: string): Promise<string | undefined> {
  const words = [...new Set(toWords(q))];
  if (words.length === 0) return undefined;
  const cameras = await orm.execute<NamedCamera>(sql`select id, name from cameras`);
  const named = cameras.map(({ id, name }) => ({ id, words: toWords(`${id} ${name}`) }));
  return words.map((word) => toAlternatives(word, word === toWords(q).at(-1), named)).join(' & ');
}

function toAlternatives(
  word: string,
  isLast: boolean,
  cameras: readonly { readonly id: string; readonly words: readonly string[] }[],
): string {
  const isOf = (other: string): boolean => (isLast ? other.startsWith(word) : other === word);
  const ids = cameras.filter(({ words }) => words.some(isOf)).map(({ id }) => `'@${id}'`);
  const chars = [...word];
  const isPrefix = isLast || chars.length > WORD_CHARS_MAX;
  return `('${chars.slice(0, WORD_CHARS_MAX).join('')}'${isPrefix ? ':*' : ''}${ids.map((id) => ` | ${id}`).join('')})`;
}
