/**
 * Characters that steer a terminal or turn the reading direction, and halves of characters: in a name from outside they
 * could forge a line of the log or hide what a file is.
 */
const STEERING = /[\p{Cc}\p{Cs}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu;

/** Text that may be shown anywhere: what cannot be printed is written as `\x1b` or `\u202e`. */
export const toPrintable = (text: string): string => text.replace(STEERING, toEscape);

/** Whether it may be shown anywhere as it is. */
export const isPrintable = (text: string): boolean => toPrintable(text) === text;

function toEscape(character: string): string {
  const code = character.charCodeAt(0).toString(16);
  return code.length <= 2 ? `\\x${code.padStart(2, '0')}` : `\\u${code.padStart(4, '0')}`;
}
