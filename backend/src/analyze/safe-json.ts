/**
 * JSON in which a string can do nothing but be a string. Characters that mark structure for language models and their
 * servers (`<|im_end|>`, `</s>`, `[INST]`, code fences, our own braces) are written as `\uXXXX`: the same JSON value,
 * but no token that a chat template or a careless reader could take for the end of the data.
 */
export function toSafeJson(value: unknown): string {
  if (typeof value === 'string') return quote(value);
  if (Array.isArray(value)) return `[${value.map(toSafeJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  return `{${entries.map(([key, item]) => `${quote(key)}:${toSafeJson(item)}`).join(',')}}`;
}

const quote = (text: string): string =>
  JSON.stringify(text).replace(/[<>[\]{}|`]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
