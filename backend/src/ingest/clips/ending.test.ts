import { describe, expect, it } from 'vitest';
import { toClipEnding, type Bytes } from './ending.ts';
import { clipFormats, type ClipFormat } from './start.ts';
import {
  box,
  filling,
  longBox,
  makeAvi,
  makeEndlessMatroska,
  makeFragmented,
  makeLongAvi,
  makeMatroska,
  makeMp4,
  makeMp4IndexFirst,
  makeOldQuicktime,
  makeTransportStream,
} from './test-clips.ts';

const READS_MAX = 3_000;

/** Fails on any read that leaves the file, and on a walk without end. */
function toBytes(content: Buffer): Bytes & { readonly readBytes: () => number } {
  let reads = 0;
  let read = 0;
  return {
    size: content.length,
    readBytes: () => read,
    async read(at, length) {
      if (!Number.isSafeInteger(at) || at < 0 || length < 0 || at + length > content.length)
        throw new Error(`reads ${length} bytes at ${at} of ${content.length}`);
      if (++reads > READS_MAX) throw new Error('reads without end');
      read += length;
      return content.subarray(at, at + length);
    },
  };
}

const endingOf = (format: ClipFormat, content: Buffer) => toClipEnding(format, toBytes(content));

const whole = [
  ['MP4', 'mp4', makeMp4()],
  ['MP4 with its index first', 'mp4', makeMp4IndexFirst()],
  ['QuickTime without a type', 'mov', makeOldQuicktime()],
  ['MP4 in fragments, with their table', 'mp4', Buffer.concat(makeFragmented())],
  ['AVI', 'avi', makeAvi()],
  ['long AVI', 'avi', makeLongAvi()],
  ['Matroska', 'matroska', makeMatroska()],
] as const;

describe('the end of a film', () => {
  it.each(whole)('%s is complete when it is all there', async (_kind, format, content) =>
    expect(await endingOf(format, content)).toBe('complete'),
  );

  it.each(whole)('%s is not complete at any earlier byte', async (_kind, format, content) => {
    for (let length = 0; length < content.length; length += 1) {
      const ending = await endingOf(format, content.subarray(0, length));
      // One gigabyte of AVI may stand for itself: where its first chunk ends, the second may not be meant to come.
      if (length === 2_012 && content.equals(makeLongAvi())) expect(ending).toBe('complete');
      else expect(ending, `cut to ${length}`).not.toBe('complete');
    }
  });

  it.each([
    ['the film is not there yet', 'mp4', Buffer.concat([box('ftyp', filling(8)), box('moov', filling(90))]), 'cut'],
    ['the index is not there yet', 'mp4', makeMp4().subarray(0, -116), 'cut'],
    ['it ends within a box', 'mp4', makeMp4().subarray(0, -1), 'cut'],
    ['zeros follow', 'mp4', Buffer.concat([makeMp4(), Buffer.alloc(400)]), 'open'],
    ['something follows', 'mp4', Buffer.concat([makeMp4(), Buffer.from('\0\0\0\x03abcd')]), 'open'],
    ['the film has no length and no index', 'mp4', Buffer.concat([box('ftyp', filling(8)), Buffer.from('\0\0\0\0mdat'), filling(99)]), 'cut'],
    ['the film has no length', 'mp4', Buffer.concat([box('moov', filling(8)), Buffer.from('\0\0\0\0mdat'), filling(99)]), 'open'],
    ['another fragment may follow', 'mp4', Buffer.concat(makeFragmented().slice(0, 2)), 'open'],
    ['the first fragment may follow', 'mp4', makeFragmented()[0] ?? filling(1), 'open'],
    ['it is in thousands of boxes', 'mp4', Buffer.concat([makeMp4(), ...Array.from({ length: 2_000 }, () => box('free'))]), 'open'],
    ['it claims to be huge', 'mp4', Buffer.concat([box('ftyp', filling(8)), Buffer.from('00000001' + '6d646174' + 'ffffffffffffffff', 'hex')]), 'cut'],
    ['all of it is made, and not yet filled', 'mp4', Buffer.concat([box('ftyp', filling(8)), box('moov', filling(90)), longBox('mdat', Buffer.alloc(3_000))]), 'open'],
    ['it was not finished', 'avi', Buffer.concat([Buffer.from('RIFF\0\0\0\0AVI '), filling(99)]), 'cut'],
    ['something follows', 'avi', Buffer.concat([makeAvi(), filling(99)]), 'open'],
    ['it was written live', 'matroska', makeEndlessMatroska(), 'open'],
    ['only its head is there', 'matroska', makeMatroska().subarray(0, 31), 'cut'],
    ['it is a stream', 'mpegTs', makeTransportStream(), 'open'],
    ['it is a bare stream', 'h264', filling(99), 'open'],
  ] as const)('where %s (%s): %s', async (_what, format, content, ending) => {
    expect(await endingOf(format, content)).toBe(ending);
  }); // prettier-ignore

  it('is found without reading the film', async () => {
    const bytes = toBytes(Buffer.concat([box('ftyp', filling(8)), box('mdat', filling(5_000_000)), box('moov', filling(9))]));
    expect(await toClipEnding('mp4', bytes)).toBe('complete');
    expect(bytes.readBytes()).toBeLessThan(1_000);
  }); // prettier-ignore

  it('is looked for in anything at all without failing, leaving the file, or going on for ever', async () => {
    const seed = Date.now() % 1_000_000;
    const random = createRandom(seed);
    for (let round = 0; round < 600; round += 1) {
      const content = mutate((whole[round % whole.length]?.[2] ?? filling(9)), random);
      for (const format of Object.keys(clipFormats) as ClipFormat[])
        expect(await endingOf(format, content), `seed ${seed}, round ${round}`).toMatch(/^(complete|cut|open)$/);
    }
  }); // prettier-ignore
});

type Random = (below: number) => number;

/** A linear congruential generator: the same numbers for the same seed. */
function createRandom(seed: number): Random {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** A few bytes of the outer structure changed, and cut somewhere; now and then noise alone. */
function mutate(content: Buffer, random: Random): Buffer {
  if (random(8) === 0) return Buffer.from(Array.from({ length: random(600) }, () => random(256)));
  const copy = Buffer.from(content);
  for (let changes = random(6); changes >= 0; changes -= 1) copy[random(random(2) ? 80 : copy.length)] = random(256);
  return copy.subarray(0, random(3) === 0 ? random(copy.length + 1) : copy.length);
}
