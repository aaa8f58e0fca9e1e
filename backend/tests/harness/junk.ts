import { execFile } from 'node:child_process';
import { mkdir, symlink } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { crc32, deflateSync } from 'node:zlib';
import { drop } from './nightjar.ts';

const BOMB_SIDE_PIXELS = 20_000;

/** What must become a dead letter: the file's name, and what its reason says. */
export const junkReasons: Readonly<Record<string, RegExp>> = {
  'truncated.jpg': /truncated/,
  'text.jpg': /not a picture/,
  'empty.jpg': /empty/,
  'link.jpg': /link/,
  'fifo.jpg': /regular|special/,
  'bomb.png': /too many pixels: 20000 x 20000/,
};

/** Puts one of each into the folder of a camera. */
export async function dropJunk(inbox: string, camera: string, jpeg: Uint8Array): Promise<void> {
  const folder = path.join(inbox, camera);
  await mkdir(folder, { recursive: true });
  await drop(inbox, `${camera}/truncated.jpg`, jpeg.subarray(0, jpeg.length / 2));
  await drop(inbox, `${camera}/text.jpg`, Buffer.from('550 Permission denied.\r\n'.repeat(100)));
  await drop(inbox, `${camera}/empty.jpg`, Buffer.alloc(0));
  await drop(inbox, `${camera}/bomb.png`, toPngBomb());
  await symlink('/etc/passwd', path.join(folder, 'link.jpg'));
  await promisify(execFile)('mkfifo', [path.join(folder, 'fifo.jpg')]);
}

/** A few bytes that claim to be 400 million pixels. */
export function toPngBomb(): Buffer {
  const header = Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 8, 2, 0, 0, 0]);
  header.writeUInt32BE(BOMB_SIDE_PIXELS, 0);
  header.writeUInt32BE(BOMB_SIDE_PIXELS, 4);
  const chunks = [toChunk('IHDR', header), toChunk('IDAT', deflateSync(Buffer.alloc(1_000))), toChunk('IEND')];
  return Buffer.concat([Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]), ...chunks]);
}

function toChunk(type: string, data: Buffer = Buffer.alloc(0)): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  const body = Buffer.concat([Buffer.from(type), data]);
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, sum]);
}
