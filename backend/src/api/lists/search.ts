/**
 * What people type, as a tsquery: every word must be there, the last one may be the beginning of a word. The database splits
 * it, by the very function that it splits events with (migration 0005): so nothing that is typed can be an operator, and
 * what was stored is found, whatever its letters do when they are made small.
 *
 * A camera's name is not among an event's words, for it may change: a word of it stands for `@` and the camera instead.
 */
import { sql } from 'drizzle-orm';
import type { Orm } from '../../db/index.ts';

/** Longer words are cut, as the database cuts them where they would be too long. */
const WORD_CHARS_MAX = 64;

/** A word as it is stored. */
export interface Lexeme {
  readonly text: string;
  /** Whether it may go on. */
  readonly isBeginning: boolean;
}

/** One of these must be there. */
export type Alternatives = readonly Lexeme[];

/** All of these must be there. */
export interface Search {
  /** The words before the last, which are whole words. */
  readonly words: readonly Alternatives[];
  /** The last, of which the beginning may be given; undefined where it says no more than the filters do. */
  readonly last: Alternatives | undefined;
  /** What else is asked for, as far as it is among the words of an event: the index then leaves little to look at. */
  readonly narrowing: readonly Alternatives[];
}

export interface SearchFilters {
  /** Null for all. */
  readonly cameraIds: readonly string[] | null;
  readonly label?: string | undefined;
}

/** What is between the quotes are words of the database's, or ids of cameras: neither can have a quote in it. */
export const toQuery = (parts: readonly (Alternatives | undefined)[]): string =>
  parts
    .filter((part) => part !== undefined)
    .map((part) => `(${part.map(({ text, isBeginning }) => `'${text}'${isBeginning ? ':*' : ''}`).join(' | ')})`)
    .join(' & ');

/** Undefined where there is no word in it. */
export async function toSearch(orm: Orm, q: string, { cameraIds, label }: SearchFilters): Promise<Search | undefined> {
  const { words, labels, cameras } = await split(orm, q, label ?? '');
  const lastWord = words.at(-1);
  if (lastWord === undefined) return undefined;
  const named = cameras.filter(({ id }) => cameraIds === null || cameraIds.includes(id));
  const toPart = (word: string, isLast: boolean) => toAlternatives(word, isLast, { cameras: named, cameraIds });
  return {
    words: [...new Set(words.slice(0, -1))].map((word) => toPart(word, false)).filter((part) => part !== undefined),
    last: toPart(lastWord, true),
    narrowing: [
      ...(cameraIds === null ? [] : [cameraIds.map(toCameraLexeme)]),
      ...labels.map((word) => [toLexeme(word, false)]),
    ],
  };
}

interface Split extends Record<string, unknown> {
  readonly of: 'words' | 'labels' | 'camera';
  readonly id: string;
  readonly words: readonly string[];
}

async function split(orm: Orm, q: string, label: string) {
  const rows = await orm.execute<Split>(sql`
    select 'words' as of, '' as id, split_words(${q}) as words
    union all select 'labels', '', split_words(${label})
    union all select 'camera', id, split_words(id || ' ' || name) from cameras`);
  const wordsOf = (of: Split['of']) => rows.find((row) => row.of === of)?.words ?? [];
  return { words: wordsOf('words'), labels: wordsOf('labels'), cameras: rows.filter(({ of }) => of === 'camera') };
}

interface Asked {
  /** Those that may be found at all. */
  readonly cameras: readonly Pick<Split, 'id' | 'words'>[];
  readonly cameraIds: readonly string[] | null;
}

/** The word, or a camera that is called so; undefined where all cameras that are asked for are: then each event has it. */
function toAlternatives(word: string, isLast: boolean, { cameras, cameraIds }: Asked): Alternatives | undefined {
  const isOf = (other: string): boolean => (isLast ? other.startsWith(word) : other === word);
  const ids = cameras.filter(({ words }) => words.some(isOf)).map(({ id }) => id);
  if (cameraIds !== null && cameraIds.every((id) => ids.includes(id))) return undefined;
  return [toLexeme(word, isLast), ...ids.map(toCameraLexeme)];
}

const toCameraLexeme = (id: string): Lexeme => ({ text: `@${id}`, isBeginning: false });

function toLexeme(word: string, isBeginning: boolean): Lexeme {
  const chars = Array.from(word);
  return {
    text: chars.slice(0, WORD_CHARS_MAX).join(''),
    isBeginning: isBeginning || chars.length > WORD_CHARS_MAX,
  };
}
