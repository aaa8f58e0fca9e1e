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

/** Each part a tsquery; all must hold. */
export interface Search {
  /** The words before the last, which are whole words. */
  readonly words: readonly string[];
  /** The last, of which the beginning may be given; undefined where it says no more than the filters do. */
  readonly last: string | undefined;
  /** What else is asked for, as far as it is among the words of an event: the index then leaves little to look at. */
  readonly narrowing: readonly string[];
}

export interface SearchFilters {
  /** Null for all. */
  readonly cameraIds: readonly string[] | null;
  readonly label?: string | undefined;
}

export const toQuery = (parts: readonly (string | undefined)[]): string =>
  parts.filter((part) => part !== undefined).join(' & ');

/** Undefined where there is no word in it. */
export async function toSearch(orm: Orm, q: string, { cameraIds, label }: SearchFilters): Promise<Search | undefined> {
  const words = toWords(q);
  const lastWord = words.at(-1);
  if (lastWord === undefined) return undefined;
  const cameras = await orm.execute<NamedCamera>(sql`select id, name from cameras`);
  const named = cameras
    .filter(({ id }) => cameraIds === null || cameraIds.includes(id))
    .map(({ id, name }) => ({ id, words: toWords(`${id} ${name}`) }));
  const toPart = (word: string, isLast: boolean) => toAlternatives(word, isLast, { cameras: named, cameraIds });
  return {
    words: [...new Set(words.slice(0, -1))].map((word) => toPart(word, false)).filter((part) => part !== undefined),
    last: toPart(lastWord, true),
    narrowing: [
      ...(cameraIds === null ? [] : [`(${cameraIds.map((id) => `'@${id}'`).join(' | ')})`]),
      ...toWords(label ?? '').map((word) => toLexeme(word, false)),
    ],
  };
}

interface Asked {
  /** Those that may be found at all. */
  readonly cameras: readonly { readonly id: string; readonly words: readonly string[] }[];
  readonly cameraIds: readonly string[] | null;
}

/** The word, or a camera that is called so; undefined where all cameras that are asked for are: then each event has it. */
function toAlternatives(word: string, isLast: boolean, { cameras, cameraIds }: Asked): string | undefined {
  const isOf = (other: string): boolean => (isLast ? other.startsWith(word) : other === word);
  const ids = cameras.filter(({ words }) => words.some(isOf)).map(({ id }) => id);
  if (cameraIds !== null && cameraIds.every((id) => ids.includes(id))) return undefined;
  return `(${[toLexeme(word, isLast), ...ids.map((id) => `'@${id}'`)].join(' | ')})`;
}

function toLexeme(word: string, isBeginning: boolean): string {
  const chars = Array.from(word);
  return `'${chars.slice(0, WORD_CHARS_MAX).join('')}'${isBeginning || chars.length > WORD_CHARS_MAX ? ':*' : ''}`;
}
