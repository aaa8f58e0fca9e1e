import type { z } from 'zod';
import { NightjarError, toMessage } from '../../../lib/errors.ts';
import type { Answer, Link } from '../http.ts';

const SNIPPET_CHARS_MAX = 200;

/** The server has looked at this picture, or at how it was sent, and will not have it: asking again changes nothing. */
export const isRefusal = ({ status }: Answer): boolean => [400, 413, 415, 422].includes(status);

/** There is no such route. */
export const isAbsent = ({ status }: Answer): boolean => [404, 405].includes(status);

export const isOk = ({ status }: Answer): boolean => status >= 200 && status < 300;

/** An answer that is none, in words; waiting, or another server, may help. */
export function toFault({ address }: Link, answer: Answer): NightjarError {
  if ([401, 403].includes(answer.status))
    return new NightjarError('unavailable', `${address} refuses our key (${answer.status}): see DETECTOR_API_KEY`);
  return new NightjarError('unavailable', `${address} answered ${answer.status}: ${toSnippet(answer.text)}`);
}

/** Parses the answer by its schema. Throws `unavailable` for whatever has not the promised form: that is no result. */
export function parseAnswer<Schema extends z.ZodType>(
  { address }: Link,
  { text }: Answer,
  schema: Schema,
): z.infer<Schema> {
  const parsed = schema.safeParse(parseJson(address, text));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const where = issue ? `${issue.path.join('.') || 'the whole'}: ${issue.message}` : 'unknown';
  throw new NightjarError('unavailable', `${address} answered in another form (${where})`, { cause: parsed.error });
}

function parseJson(address: string, text: string): unknown {
  try {
    return JSON.parse(nullNaN(text));
  } catch (cause) {
    const message = `${address} answered what is not JSON (${toMessage(cause)}): ${toSnippet(text)}`;
    throw new NightjarError('unavailable', message, { cause });
  }
}

/**
 * Python writes NaN and Infinity into JSON unless told otherwise; each becomes null, strings are left alone. One without
 * an end goes to the end of the text: to look for the next one in it would take a time that grows with its square.
 */
const nullNaN = (text: string): string =>
  /NaN|Infinity/.test(text)
    ? text.replace(/"(?:[^"\\]|\\.)*(?:"|$)|-?\bInfinity\b|\bNaN\b/gs, (token) =>
        token.startsWith('"') ? token : 'null',
      )
    : text;

/** The beginning of a foreign text, on one line. */
export const toSnippet = (text: string): string => {
  const line = text.replace(/[\p{C}\s]+/gu, ' ').trim();
  return line === '' ? 'nothing' : line.slice(0, SNIPPET_CHARS_MAX);
};
