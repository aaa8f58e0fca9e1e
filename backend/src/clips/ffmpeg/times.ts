/** The times of a film's pictures, from ffprobe's lines `pts_time,dts_time,flags`, however many there are. */

const LINE_CHARS_MAX = 200;
const NONE = 'N/A';

export interface Times {
  readonly pictures: number;
  /** Seconds, in the film's own count; undefined when its pictures carry no times. */
  readonly firstS: number | undefined;
  readonly lastS: number | undefined;
  /** Whether each picture says when it is to be shown. Where some only say when to decode them (AVI) all are shifted a little. */
  readonly isExact: boolean;
}

/**
 * The first picture that can be seen is not the first in the file: a recording may begin between two key pictures (those
 * before the first are lost), and an edited film keeps pictures that are only there to decode others (flag `D`).
 */
export function createTimes() {
  let rest = '';
  let pictures = 0;
  let [hasKey, isExact] = [false, true];
  let [firstS, lastS] = [Infinity, -Infinity];

  function addLine(line: string): void {
    const [shown = '', decoded = '', flags = ''] = line.split(',');
    if (flags === '') return; // ffprobe writes an empty line where something else was attached
    pictures += 1;
    const seconds = Number(shown === NONE ? decoded : shown);
    if (shown === NONE) isExact = false;
    if (!Number.isFinite(seconds) || flags.includes('D')) return;
    // What comes before the first key picture counts only if none ever comes.
    if (flags.includes('K') && !hasKey) [hasKey, firstS, lastS] = [true, Infinity, -Infinity];
    firstS = Math.min(firstS, seconds);
    lastS = Math.max(lastS, seconds);
  }

  return {
    add(chunk: Buffer): void {
      const lines = (rest + chunk.toString('latin1')).split('\n');
      rest = (lines.pop() ?? '').slice(0, LINE_CHARS_MAX);
      lines.forEach(addLine);
    },
    read(): Times {
      const isTimed = Number.isFinite(firstS);
      return { pictures, firstS: isTimed ? firstS : undefined, lastS: isTimed ? lastS : undefined, isExact };
    },
  };
}
