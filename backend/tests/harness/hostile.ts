/** Files that were made to do harm: as bytes, and as things of the file system that are no plain files. */
import { execFileSync } from 'node:child_process';
import { link, mkdir, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import path from 'node:path';
import { crc32, deflateSync } from 'node:zlib';
import sharp from 'sharp';
import { withComment } from './pictures.ts';

/** What becomes of each: examined as a picture, or dead for a reason; `stays` in the inbox if it was never opened. */
export type Fate = 'done' | { readonly reason: RegExp; readonly stays?: true };

const SIDE_PIXELS = 30_000;
const MILLION = 1_000_000;
const PNG_START = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
const SEGMENT_BYTES_MAX = 65_533;

const uint32 = (...values: number[]): Buffer =>
  Buffer.concat(values.map((value) => Buffer.from([value >>> 24, value >>> 16, value >>> 8, value].map((b) => b & 0xff)))); // prettier-ignore

function toChunk(type: string, data: Uint8Array = Buffer.alloc(0)): Buffer {
  const body = Buffer.concat([Buffer.from(type), data]);
  return Buffer.concat([uint32(data.length), body, uint32(crc32(body))]);
}

/** One bit for a pixel, all zero: 113 MB of rows in a few hundred KB, whole and valid. */
function toPixelBomb(): Buffer {
  const header = Buffer.concat([uint32(SIDE_PIXELS, SIDE_PIXELS), Buffer.from([1, 0, 0, 0, 0])]);
  const rows = deflateSync(Buffer.alloc(SIDE_PIXELS * (1 + SIDE_PIXELS / 8)), { level: 1 });
  return Buffer.concat([PNG_START, toChunk('IHDR', header), toChunk('IDAT', rows), toChunk('IEND')]);
}

/** Puts chunks right after the header of a PNG. */
const withChunks = (png: Buffer, ...chunks: Buffer[]): Buffer =>
  Buffer.concat([png.subarray(0, 33), ...chunks, png.subarray(33)]);

/** A million frames announced, a thousand of them there. */
function toDeepAnimation(png: Buffer): Buffer {
  const control = (sequence: number): Buffer =>
    toChunk('fcTL', Buffer.concat([uint32(sequence, 16, 16, 0, 0), Buffer.from([0, 1, 0, 1, 0, 0])]));
  const data = deflateSync(Buffer.alloc(16 * 49));
  const frames = Array.from({ length: 1_000 }, (_, index) => [
    control(index * 2 + 1),
    toChunk('fdAT', Buffer.concat([uint32(index * 2 + 2), data])),
  ]);
  const end = png.length - 12;
  const start = withChunks(png.subarray(0, end), toChunk('acTL', uint32(MILLION, 0)));
  return Buffer.concat([start, ...frames.flat(), png.subarray(end)]);
}

/** The header of a little-endian TIFF that claims two thousand million pixels in a row. */
function toHugeTiff(): Buffer {
  const entries = [[256, 2 ** 31 - 1], [257, 2 ** 31 - 1], [258, 8], [259, 1], [262, 1], [273, 200], [277, 1], [278, 1], [279, 9]]; // prettier-ignore
  const tiff = Buffer.alloc(8 + 2 + entries.length * 12 + 4);
  tiff.write('II*\0', 'latin1');
  tiff.writeUInt32LE(8, 4);
  tiff.writeUInt16LE(entries.length, 8);
  entries.forEach(([tag = 0, value = 0], index) => {
    tiff.writeUInt16LE(tag, 10 + index * 12);
    tiff.writeUInt16LE(4, 12 + index * 12);
    tiff.writeUInt32LE(1, 14 + index * 12);
    tiff.writeUInt32LE(value, 18 + index * 12);
  });
  return Buffer.concat([tiff, Buffer.alloc(300)]);
}

/** An extended WebP whose canvas is as large as can be said. */
function toHugeWebp(webp: Buffer): Buffer {
  const canvas = Buffer.from([0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]);
  const extended = Buffer.concat([Buffer.from('VP8X'), Buffer.from([10, 0, 0, 0]), canvas, webp.subarray(12)]);
  const riff = Buffer.alloc(8, 'RIFF');
  riff.writeUInt32LE(extended.length + 4, 4);
  return Buffer.concat([riff, Buffer.from('WEBP'), extended]);
}

/** A frame header that says 60,000 x 60,000. */
function toHugeJpeg(jpeg: Buffer): Buffer {
  const at = jpeg.findLastIndex((byte, index) => byte === 0xff && [0xc0, 0xc2].includes(jpeg[index + 1] ?? 0));
  return Buffer.concat([jpeg.subarray(0, at + 5), Buffer.from([0xea, 0x60, 0xea, 0x60]), jpeg.subarray(at + 9)]);
}

/** EXIF of 6 MB: a hundred segments, each as large as can be, full of tags that point at each other. */
function withGiganticExif(jpeg: Buffer): Buffer {
  const exif = Buffer.alloc(SEGMENT_BYTES_MAX, 0x01);
  exif.write('Exif\0\0II*\0\x08\0\0\0', 'latin1');
  const head = Buffer.from([0xff, 0xe1, 0xff, 0xff]);
  const segments = Array.from({ length: 100 }, () => [head, exif]).flat();
  return Buffer.concat([jpeg.subarray(0, 2), ...segments, jpeg.subarray(2)]);
}

/** Each content is its own, so that nothing is taken for a copy of something else. */
export async function makeHostileBytes(jpeg: Buffer): Promise<Readonly<Record<string, readonly [Buffer, Fate]>>> {
  const own = (name: string): Buffer => withComment(jpeg, name);
  const image = sharp({ create: { width: 16, height: 16, channels: 3, background: '#369' } });
  const png = await image.clone().png({ palette: false }).toBuffer();
  const webp = await image.clone().webp({ lossless: true }).toBuffer();
  const gif = await image.clone().gif().toBuffer();
  const tooMany = { reason: /^too many pixels/ };
  const text = deflateSync(Buffer.alloc(100 * MILLION), { level: 1 });
  return {
    'zero-bytes.jpg': [Buffer.alloc(0), { reason: /^empty/ }],
    'truncated.jpg': [own('cut').subarray(0, jpeg.length / 2), { reason: /^truncated/ }],
    'text.jpg': [Buffer.from('550 Permission denied.\r\n'), { reason: /^not a picture/ }],
    'page.svg': [Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><image href="file:///etc/passwd"/></svg>'), { reason: /^not a picture/ }], // prettier-ignore
    'script.gif': [Buffer.from('GIF89a/*\0\0\0\0*/=1;alert(document.cookie);//'), { reason: /^(damaged|not a) picture|^too many pixels/ }], // prettier-ignore
    'a-jpeg.txt': [own('txt'), 'done'],
    'a-jpeg': [own('no ending'), 'done'],
    'a-png.jpg': [await image.clone().negate().png().toBuffer(), 'done'],
    'zip-behind.jpg': [Buffer.concat([own('zip'), Buffer.from('PK\x03\x04'), Buffer.alloc(500, 'zip')]), 'done'],
    'two-in-one.jpg': [Buffer.concat([own('first'), own('second')]), 'done'],
    'page-inside.jpg': [withComment(jpeg, '<script>alert(1)</script><?php system($_GET[0]); ?>'), 'done'],
    'pixels.png': [toPixelBomb(), tooMany],
    'pixels.jpg': [toHugeJpeg(own('huge')), tooMany],
    'pixels.tiff': [toHugeTiff(), { reason: /^(too many pixels|damaged picture)/ }],
    'pixels.webp': [toHugeWebp(webp), { reason: /^(too many pixels|damaged picture)/ }],
    // Only its canvas claims to be huge; the picture on it counts.
    'pixels.gif': [Buffer.concat([gif.subarray(0, 6), Buffer.alloc(4, 0xff), gif.subarray(10)]), 'done'],
    'deep.png': [toDeepAnimation(png), 'done'],
    'text-bomb.png': [withChunks(png, toChunk('zTXt', Buffer.concat([Buffer.from('a\0\0'), text]))), 'done'],
    'exif.jpg': [withGiganticExif(own('exif')), 'done'],
    'exif.png': [withChunks(png, toChunk('eXIf', Buffer.alloc(5 * MILLION, 'II*\0'))), 'done'],
  };
}

/** What is no plain file; the folders and files `outside` are pointed at. Devices only where we may make them. */
export async function makeHostileThings(folder: string, outside: string): Promise<Readonly<Record<string, Fate>>> {
  await mkdir(folder, { recursive: true });
  const at = (name: string): string => path.join(folder, name);
  const isLink = { reason: /^symbolic link/, stays: true } as const;
  const isSpecial = { reason: /^not a regular file/, stays: true } as const;
  await symlink('/etc/passwd', at('link.jpg'));
  await symlink(path.join(outside, 'secret.jpg'), at('link-to-picture.jpg'));
  await symlink(outside, at('linked-folder'));
  await symlink('../..', at('linked-up'));
  await symlink('loop.jpg', at('loop.jpg'));
  await symlink('nowhere', at('dangling.jpg'));
  await link(path.join(outside, 'linked-hard.jpg'), at('hard-link.jpg'));
  execFileSync('mkfifo', [at('fifo.jpg')]);
  await makeSocket(at('socket.jpg'));
  const devices = process.getuid?.() === 0 ? { 'zero.jpg': ['c', '1', '5'], 'disk.jpg': ['b', '7', '250'] } : {};
  for (const [name, numbers] of Object.entries(devices)) execFileSync('mknod', [at(name), ...numbers]);
  return {
    ...Object.fromEntries(['link.jpg', 'link-to-picture.jpg', 'linked-folder', 'linked-up', 'loop.jpg', 'dangling.jpg'].map((name) => [name, isLink])), // prettier-ignore
    ...Object.fromEntries(['fifo.jpg', 'socket.jpg', ...Object.keys(devices)].map((name) => [name, isSpecial])),
    'hard-link.jpg': 'done',
  };
}

/** A socket that stays when its server has ended: the server's own name for it is another. */
async function makeSocket(name: string): Promise<void> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(`${name}.tmp`, resolve));
  await link(`${name}.tmp`, name);
  await new Promise((resolve) => server.close(resolve));
}

/** A folder outside the inbox that links point at, with pictures that nobody gave us. */
export async function makeOutside(outside: string, jpeg: Buffer): Promise<void> {
  await mkdir(path.join(outside, 'deeper'), { recursive: true });
  for (const name of ['secret.jpg', 'linked-hard.jpg', 'deeper/secret.jpg'])
    await writeFile(path.join(outside, name), withComment(jpeg, `outside ${name}`));
}
