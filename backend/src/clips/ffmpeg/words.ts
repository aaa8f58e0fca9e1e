/** What ffmpeg said at last, fit to be shown: no addresses in memory, no paths of this machine. */

const LINES_MAX = 2;
const CHARS_MAX = 300;

export function toLastWords(said: string, file: string): string {
  const lines = said
    .replaceAll(`file:${file}`, 'the clip')
    .replaceAll(file, 'the clip')
    .replace(/ @ 0x[0-9a-f]+/g, '')
    // eslint-disable-next-line no-control-regex -- names inside a film may hold anything
    .replace(/[^\P{C}\n]/gu, '')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  return lines.slice(-LINES_MAX).join('; ').slice(-CHARS_MAX);
}

/** Not the film's fault, as far as ffmpeg can tell: the memory or the disk of this machine. */
export const isOfMachine = (words: string): boolean =>
  /Cannot allocate memory|Resource temporarily unavailable|Too many open files|Stale file handle/i.test(words);

export const isTooLarge = (words: string): boolean => words.includes('exceeds specified max pixel count');
