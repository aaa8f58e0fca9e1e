/** Characters looked at in all: text made of nothing but `{` would otherwise take quadratic time. */
const STEPS_MAX = 4_000_000;

export interface FoundObject {
  readonly value: object;
  /** Of its first brace, and just behind its last. */
  readonly start: number;
  readonly end: number;
}

/**
 * The complete JSON objects in a text, in order, whatever stands around them. Objects inside an object are part of it
 * and not listed. Strict JSON only: what merely looks like an object (trailing commas, single quotes) is passed over.
 */
export function findJsonObjects(text: string): readonly FoundObject[] {
  const found: FoundObject[] = [];
  let stepsLeft = STEPS_MAX;
  for (let start = text.indexOf('{'); start >= 0 && stepsLeft > 0;) {
    const end = findEnd(text, start, stepsLeft);
    stepsLeft -= (end ?? text.length) - start;
    const value = end === undefined ? undefined : parse(text.slice(start, end));
    if (value && end !== undefined) found.push({ value, start, end });
    start = text.indexOf('{', value && end !== undefined ? end : start + 1);
  }
  return found;
}

/** Just behind the brace that closes the one at `start`; braces in strings do not count. Undefined if none does. */
function findEnd(text: string, start: number, stepsMax: number): number | undefined {
  const until = Math.min(text.length, start + stepsMax);
  let depth = 0;
  let quoted = false;
  for (let at = start; at < until; at += 1) {
    const char = text[at];
    if (quoted && char === '\\') at += 1;
    else if (char === '"') quoted = !quoted;
    else if (!quoted && char === '{') depth += 1;
    else if (!quoted && char === '}' && (depth -= 1) === 0) return at + 1;
  }
  return undefined;
}

function parse(json: string): object | undefined {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined; // prose with braces in it, which is what is being told apart here
  }
}
