import { describe, expect, it } from 'vitest';
import { hasEndMarker, toEnding } from './finished.ts';
import { insertSegment, makeImage, makeJpeg } from './test-inbox.ts';

const noise = () =>
  makeImage(3, { width: 200, height: 150 }).composite([
    {
      input: {
        create: {
          width: 99,
          height: 99,
          channels: 3,
          background: 'red',
          noise: { type: 'gaussian', mean: 128, sigma: 60 },
        },
      },
    },
  ]);

describe('the end of a picture', async () => {
  const baseline = await noise().jpeg({ quality: 95 }).toBuffer();
  const progressive = await noise().jpeg({ progressive: true }).toBuffer();
  const withThumbnail = insertSegment(baseline, 0xe1, Buffer.concat([Buffer.from('Exif\0\0'), await makeJpeg()]));
  const png = await noise().png().toBuffer();
  const webp = await noise().webp().toBuffer();

  it.each([
    ['a baseline JPEG', baseline],
    ['a progressive JPEG', progressive],
    ['a JPEG with a thumbnail inside', withThumbnail],
    ['a PNG', png],
  ])('%s is complete, cut at any earlier byte it is cut, with more behind it is open', (_name, bytes) => {
    expect(toEnding(bytes)).toBe('complete');
    expect(hasEndMarker(bytes.subarray(-12))).toBe(true);
    for (let length = 0; length < bytes.length; length += length < 2_000 ? 1 : 97)
      expect(toEnding(bytes.subarray(0, length)), `cut to ${length}`).toBe('cut');
    expect(toEnding(Buffer.concat([bytes, Buffer.from('trailer')]))).toBe('open');
  });

  it('does not take the end of a thumbnail for the end of the file', () => {
    const thumbnailEnd = withThumbnail.indexOf(Buffer.from([0xff, 0xd9])) + 2;
    const partial = withThumbnail.subarray(0, thumbnailEnd);
    expect(hasEndMarker(partial.subarray(-12))).toBe(true);
    expect(toEnding(partial)).toBe('cut');
  });

  it('leaves a multi-picture file to stillness, even where its first picture ends', () => {
    expect(toEnding(insertSegment(baseline, 0xe2, Buffer.from('MPF\0data')))).toBe('open');
    expect(toEnding(insertSegment(baseline, 0xe2, Buffer.from('ICC_PROFILE\0')))).toBe('complete');
  });

  it.each([
    ['WebP', webp],
    ['text', Buffer.from('hello')],
    ['start and end and nothing between', Buffer.from([0xff, 0xd8, 0xff, 0xd9])],
  ])('leaves %s to stillness', (_name, bytes) => expect(toEnding(bytes)).toBe('open'));

  it('expects more of an empty file', () => expect(toEnding(Buffer.alloc(0))).toBe('cut'));
});
