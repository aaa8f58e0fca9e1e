import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createByteReader } from './byte-reader.ts';
import { PARTS_OF_PLACE, readSmjpeg } from './smjpeg.ts';
import { createTimes } from './times.ts';
import { isOfMachine, toLastWords } from './words.ts';

const u32 = (value: number): Buffer => Buffer.from([value >>> 24, value >>> 16, value >>> 8, value]);
const picture = (place: number, jpeg: Buffer): Buffer =>
  Buffer.concat([Buffer.from('vidD'), u32(place * PARTS_OF_PLACE + 7), u32(jpeg.length), jpeg]);
const header = Buffer.concat([
  Buffer.from('\0\nSMJPEG'),
  u32(0),
  u32(0),
  Buffer.from('_TXT'),
  u32(3),
  Buffer.from('abcHEND'),
]);

async function* inPieces(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield await Promise.resolve(bytes.subarray(at, at + size));
}

async function readAll(bytes: Buffer, size = 7) {
  const found: [number, string][] = [];
  for await (const { place, jpeg } of readSmjpeg(createByteReader(inPieces(bytes, size)), 1_000))
    found.push([place, jpeg.toString('latin1')]);
  return found;
}

describe('what ffmpeg writes', () => {
  it('is read picture by picture, however it comes', async () => {
    const pictures = fc.array(fc.tuple(fc.integer({ min: 0, max: 1_000 }), fc.uint8Array({ maxLength: 200 })), {
      maxLength: 8,
    });
    await fc.assert(
      fc.asyncProperty(pictures, fc.integer({ min: 1, max: 300 }), async (all, size) => {
        const parts = all.map(([place, jpeg]) => picture(place, Buffer.from(jpeg)));
        const expected = all.map(([place, jpeg]) => [place, Buffer.from(jpeg).toString('latin1')]);
        expect(await readAll(Buffer.concat([header, ...parts, Buffer.from('DONE')]), size)).toEqual(expected);
      }),
    );
  });

  it('may break off anywhere: what is whole counts', async () => {
    const whole = Buffer.concat([header, picture(0, Buffer.from('one')), picture(1, Buffer.from('two'))]);
    for (let bytes = 0; bytes < whole.length; bytes++)
      expect([[], [[0, 'one']]]).toContainEqual(await readAll(whole.subarray(0, bytes)));
  });

  it('is refused when it is something else, or a picture is too large, before that is read', async () => {
    await expect(readAll(Buffer.from('<html><body></body></html>'))).rejects.toMatchObject({ kind: 'unavailable' });
    await expect(readAll(Buffer.concat([header, Buffer.from('junkjunk')]))).rejects.toMatchObject({
      kind: 'unavailable',
    });
    const large = Buffer.concat([header, Buffer.from('vidD'), u32(0), u32(1_001)]);
    await expect(readAll(large)).rejects.toMatchObject({ kind: 'invalid' });
  });

  it('as its last words is shown without paths, addresses and control characters', () => {
    const said = 'first\n[mov,mp4 @ 0x55d0a] moov atom not found\nfile:/srv/media/a/b.mp4: Invalid \u001b[31mdata\n\n';
    expect(toLastWords(said, '/srv/media/a/b.mp4')).toBe('[mov,mp4] moov atom not found; the clip: Invalid [31mdata');
    expect(isOfMachine('the clip: Cannot allocate memory')).toBe(true);
    expect(isOfMachine('moov atom not found')).toBe(false);
  });
});

describe('the times of the pictures', () => {
  const read = (text: string, size = 5) => {
    const times = createTimes();
    for (let at = 0; at < text.length; at += size) times.add(Buffer.from(text.slice(at, at + size)));
    return times.read();
  };

  it('count from the first key picture that is shown, to the last that is shown', () => {
    expect(read('1.0,1.0,__\n1.2,1.1,K_\n1.6,1.2,__\n1.4,1.3,__\n')).toEqual({
      pictures: 4,
      firstS: 1.2,
      lastS: 1.6,
      isExact: true,
    });
    expect(read('-0.4,-0.4,KD\n-0.2,-0.2,_D\n0.0,0.0,__\n0.2,0.2,__,\n\n')).toMatchObject({ firstS: 0, lastS: 0.2 });
    expect(read('1.0,1.0,__\n1.2,1.2,__\n')).toMatchObject({ firstS: 1, lastS: 1.2 });
  });

  it('are not exact where some only say when to decode them, and may be missing altogether', () => {
    expect(read('N/A,0.0,K_\nN/A,0.2,__\n0.4,0.4,__\n')).toEqual({
      pictures: 3,
      firstS: 0,
      lastS: 0.4,
      isExact: false,
    });
    expect(read('N/A,N/A,K_\nN/A,N/A,__\n')).toEqual({
      pictures: 2,
      firstS: undefined,
      lastS: undefined,
      isExact: false,
    });
  });

  it('hold no more of an endless line than a line may have', () => {
    expect(read('x'.repeat(100_000), 1_000).pictures).toBe(0);
  });
});
