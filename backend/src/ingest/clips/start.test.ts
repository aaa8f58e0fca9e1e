import { describe, expect, it } from 'vitest';
import { clipFormats, START_BYTES, toClipFormat } from './start.ts';
import {
  box,
  makeAvi,
  makeEndlessMatroska,
  makeFragmented,
  makeLongAvi,
  makeMatroska,
  makeMp4,
  makeMp4IndexFirst,
  makeOldQuicktime,
  makeTransportStream,
  rawH264,
  rawH265,
} from './test-clips.ts';
import { makeImage, makeJpeg } from '../test-inbox.ts';

const formatOf = (bytes: Buffer, name: string) => toClipFormat(bytes.subarray(0, START_BYTES), name);

describe('the kind of a film', () => {
  it.each([
    ['MP4', makeMp4(), 'mp4'],
    ['MP4 with its index first', makeMp4IndexFirst(), 'mp4'],
    ['MP4 in fragments', makeFragmented()[0] ?? Buffer.alloc(0), 'mp4'],
    ['QuickTime', makeMp4(1, 'qt  '), 'mov'],
    ['QuickTime without a type', makeOldQuicktime(), 'mov'],
    ['QuickTime that begins with the film', box('mdat', Buffer.alloc(20)), 'mov'],
    ['Matroska', makeMatroska(), 'matroska'],
    ['Matroska written live', makeEndlessMatroska(), 'matroska'],
    ['AVI', makeAvi(), 'avi'],
    ['long AVI', makeLongAvi(), 'avi'],
    ['MPEG-TS', makeTransportStream(), 'mpegTs'],
    ['MPEG-TS of three packets', makeTransportStream(3), 'mpegTs'],
    ['MPEG-TS with time stamps', makeTransportStream(20, 4), 'mpegTs'],
  ])('is known by its first bytes, whatever it is named: %s', (_kind, bytes, format) => {
    for (const name of ['a.mp4', 'a.jpg', 'a.ts', 'a']) expect(formatOf(bytes, name), name).toBe(format);
  });

  it.each([
    ['H.264', rawH264, 'h264'],
    ['H.264, short start code', rawH264.subarray(1), 'h264'],
    ['H.265', rawH265, 'h265'],
  ])('of a bare stream is believed only with the name of a clip: %s', (_kind, bytes, format) => {
    expect(formatOf(bytes, 'cam/a.h264')).toBe(format);
    expect(formatOf(bytes, 'cam/a.jpg')).toBeUndefined();
    expect(formatOf(bytes, 'cam/a.bin')).toBeUndefined();
  });

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['text', Buffer.from('550 Permission denied.\r\n'.repeat(100))],
    ['zeros', Buffer.alloc(2_000)],
    ['an MPEG program stream', Buffer.from('000001ba4400040004', 'hex')],
    ['Dahua', Buffer.from('DHAV\xfd\0\0\0'.repeat(50), 'latin1')],
    ['WAVE', Buffer.from('RIFF\x24\0\0\0WAVEfmt ', 'latin1')],
    ['HEIC', box('ftyp', Buffer.from('heic\0\0\0\0'))],
    ['sound alone', box('ftyp', Buffer.from('M4A \0\0\0\0'))],
    ['two packets of MPEG-TS', makeTransportStream(2)],
    ['a playlist', Buffer.from('#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n')],
    ['a list of files for ffmpeg', Buffer.from("ffconcat version 1.0\nfile '/etc/passwd'\n")],
  ])('is none: %s', (_kind, bytes) => {
    for (const name of ['a.mp4', 'a.h264', 'a.jpg']) expect(formatOf(bytes, name), name).toBeUndefined();
  });

  it('is asked of any bytes at all without failing', () => {
    const whole = [makeMp4(), makeAvi(), makeMatroska(), makeTransportStream(), rawH264, rawH265];
    for (const bytes of whole)
      for (let length = 0; length < 400; length += 1)
        for (const value of [0, 1, 0x47, 0xff]) {
          const changed = Buffer.from(bytes.subarray(0, length));
          if (length > 0) changed[length % 13 % length] = value;
          expect([undefined, ...Object.keys(clipFormats)]).toContain(formatOf(changed, 'a.h264'));
        }
  }); // prettier-ignore

  it('is none of a picture', async () => {
    const pictures = [
      await makeJpeg(),
      await makeImage(1).png().toBuffer(),
      await makeImage(1).webp().toBuffer(),
      await makeImage(1).avif({ effort: 0 }).toBuffer(),
      await makeImage(1).gif().toBuffer(),
      await makeImage(1).tiff().toBuffer(),
    ];
    for (const bytes of pictures) expect(formatOf(bytes, 'a.mp4')).toBeUndefined();
  });
});
