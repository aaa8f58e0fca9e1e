/**
 * A model's text -> risk, or why there is none in it. Tolerant of what stands around the answer (thoughts, prose, code
 * fences), strict about the answer itself: of the complete JSON objects in the text, the last that has the three fields
 * counts, since whatever was tried out comes before the answer. Fields beyond the three are dropped. An object that stands
 * in the data itself is quoted and no answer, wherever it comes: a camera may be called anything.
 *
 * Thoughts are not answers. What stands before the last `</think>` is thought, whether its opening is there or was eaten by
 * a template; after an opening tag that is never closed, an object counts only if the text ends with it.
 *
 * The score is a number, or the same as a string, from 0 to 100, and is rounded. A fraction between 0 and 1 is refused:
 * it is on another scale, and neither a guess nor a 1 would be what the model meant.
 */
import { z } from 'zod';
import type { Risk } from '../model/index.ts';
import { findJsonObjects, type FoundObject } from './json-objects.ts';
import { toPlainText } from './plain-text.ts';

const SUMMARY_CHARS_MAX = 500;
const REASONING_CHARS_MAX = 2_000;

const numeric = z
  .string()
  .trim()
  .regex(/^\d{1,3}(\.\d{1,6})?$/)
  .transform(Number);
const score = z
  .union([z.number(), numeric])
  .refine((value) => value >= 0 && value <= 100, 'is not from 0 to 100')
  .refine((value) => value === 0 || value >= 1, 'lies between 0 and 1: on which scale?')
  .transform(Math.round);
const plain = (charsMax: number) =>
  z
    .string()
    .transform((text) => toPlainText(text, charsMax))
    .refine((text) => text !== '', 'is empty');
const answerSchema = z.object({
  risk_score: score,
  summary: plain(SUMMARY_CHARS_MAX),
  reasoning: plain(REASONING_CHARS_MAX),
});

/** For the server, to constrain the answer with. Only keywords that every implementation of strict schemas knows. */
export const answerJsonSchema = {
  type: 'object',
  properties: {
    risk_score: { type: 'integer', description: 'from 0 to 100' },
    summary: { type: 'string', description: 'one sentence' },
    reasoning: { type: 'string', description: 'the reasons for the score' },
  },
  required: ['risk_score', 'summary', 'reasoning'],
  additionalProperties: false,
} as const;

export type ParsedAnswer = { readonly risk: Risk } | { readonly problem: string };

/** `texts` are those of the data that the model was given. */
export function parseAnswer(text: string, texts: readonly string[] = []): ParsedAnswer {
  const quotable = new Set(texts.flatMap(findJsonObjects).map(({ value }) => JSON.stringify(answerSchema.safeParse(value).data))); // prettier-ignore
  const candidates = findAnswers(text);
  if (candidates.length === 0) return { problem: 'the answer holds no JSON object' };
  const parsed = candidates.map((value) => answerSchema.safeParse(value));
  const fit = parsed.findLast(({ data }) => data && !quotable.has(JSON.stringify(data)))?.data;
  if (fit) return { risk: { score: fit.risk_score, summary: fit.summary, reasoning: fit.reasoning } };
  if (parsed.some(({ success }) => success)) return { problem: 'the answer only quotes the data' };
  const issue = parsed.at(-1)?.error?.issues[0];
  return { problem: `the answer does not fit: ${issue?.path.join('.') || 'it'} ${toProblem(issue?.message)}` };
}

/** The objects that are said and not only thought. A tag inside an object is text of that: names of cameras are quoted. */
function findAnswers(text: string): readonly object[] {
  const objects = findJsonObjects(text);
  const tags = findTags(text, objects);
  // All before the last closing tag is thought, whether or not its opening can be seen, or said before and thought over.
  const since = tags.findLast(({ closes }) => closes)?.at ?? -1;
  const opened = tags.find(({ at, closes }) => at > since && !closes)?.at ?? Infinity;
  return objects
    .filter(
      ({ start, end }, index) =>
        start > since && (start < opened || (index === objects.length - 1 && isLast(text, end))),
    )
    .map(({ value }) => value);
}

function findTags(text: string, objects: readonly FoundObject[]): readonly { at: number; closes: boolean }[] {
  const gaps = [...objects, { start: text.length }].map(({ start: until }, index) => ({ from: objects[index - 1]?.end ?? 0, until })); // prettier-ignore
  return gaps.flatMap(({ from, until }) =>
    [...text.slice(from, until).matchAll(/<(\/?)think(?:ing)?>/gi)].map((match) => ({
      at: from + match.index,
      closes: match[1] === '/',
    })),
  );
}

/** Only the end of a code fence may follow. */
const isLast = (text: string, end: number): boolean => /^[\s`]*$/.test(text.slice(end));

/** zod's own words quote what it got; ours are known. */
const toProblem = (message: string | undefined): string =>
  message !== undefined && /^(is|lies) /.test(message) ? message : 'is missing or of the wrong type';
