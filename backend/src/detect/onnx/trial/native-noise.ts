/** What native code prints as it fails, as a reason in one line. */
import { stripVTControlCharacters } from 'node:util';

const LINE_CHARS_MAX = 300;
/** ONNX Runtime: `<time> [E:onnxruntime:..., file.cc:1 F] `, then `/path/file.cc:1 T f(...) condition was false. `, `[ONNXRuntimeError] : 1 : FAIL : `. */
const PREFIXES = [
  /^\S+ \S+ \[[A-Z]:onnxruntime:[^\]]*\] /,
  /^.* was false\. /,
  /^.*\[ONNXRuntimeError\] : \d+ : \w+ : /,
];
/** Stack frames, the epilogues of Node and of shells, and what drivers always complain of where there is no screen. */
const MEANINGLESS = /^(at |- While |Node\.js v|Aborted|node:|-+ |\d+: )|XDG_RUNTIME_DIR is invalid/;

/** The last line that says something; undefined when none does. */
export const lastMeaningfulLine = (noise: string): string | undefined =>
  noise
    .split(/[\r\n]+/)
    .map(toLine)
    .findLast((line) => /\p{L}{3}/u.test(line) && !MEANINGLESS.test(line));

/** One line without escapes and the engine's prefixes, not too long. */
export function toLine(text: string): string {
  const plain = stripVTControlCharacters(text)
    .replace(/[\s\p{Cc}\ufffd]+/gu, ' ')
    .trim();
  const bare = PREFIXES.reduce((line, prefix) => line.replace(prefix, ''), plain);
  return bare.length > LINE_CHARS_MAX ? `${bare.slice(0, LINE_CHARS_MAX)}…` : bare;
}
