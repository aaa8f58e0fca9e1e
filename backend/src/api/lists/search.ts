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

export interface Search {
  /** All of it, as a tsquery. */
  readonly whole: string;
  /** The words before the last, which are whole words; undefined where there is but one. */
  readonly before: string | undefined;
  /** The last, of which the beginning may be given. */
  readonly last: string;
}

/** Undefined where there is no word in it. */
export async function toSearch(orm: Orm, q: string): Promise<Search | undefined> {
  const words = toWords(q);
  const lastWord = words.at(-1);
  if (lastWord === undefined) return undefined;
  const cameras = await orm.execute<NamedCamera>(sql`select id, name from cameras`);
  const named = cameras.map(({ id, name }) => ({ id, words: toWords(`${id} ${name}`) }));
  const others = [...new Set(words.slice(0, -1))].map((word) => toAlternatives(word, false, named));
  const last = toAlternatives(lastWord, true, named);
  return { whole: [...others, last].join(' & '), before: others.length > 0 ? others.join(' & ') : undefined, last };
}

/** What else is asked for, as far as it is among the words of an event: its index then leaves little to look at. */
export function narrow(
  search: string,
  { cameraIds, label }: { readonly cameraIds: readonly string[] | null; readonly label?: string | undefined },
): string {
  const cameras = cameraIds === null ? [] : [`(${cameraIds.map((id) => `'@${id}'`).join(' | ')})`];
  return [search, ...cameras, ...toWords(label ?? '').map((word) => toLexeme(word, false))].join(' & ');
}

function toAlternatives(
  word: string,
  isLast: boolean,
  cameras: readonly { readonly id: string; readonly words: readonly string[] }[],
): string {
  const isOf = (other: string): boolean => (isLast ? other.startsWith(word) : other === word);
  const ids = cameras.filter(({ words }) => words.some(isOf)).map(({ id }) => `'@${id}'`);
  return `(${[toLexeme(word, isLast), ...ids].join(' | ')})`;
}

function toLexeme(word: string, isBeginning: boolean): string {
  const chars = Array.from(word);
  return `'${chars.slice(0, WORD_CHARS_MAX).join('')}'${isBeginning || chars.length > WORD_CHARS_MAX ? ':*' : ''}`;
}
