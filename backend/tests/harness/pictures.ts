import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

export const camerasDir = fileURLToPath(new URL('../../../fixtures/cameras', import.meta.url));
export const streetPath = `${camerasDir}/Front Door/192.168.1.64_01_20240610143000250_MOTION_DETECTION.jpg`;

/** A real picture with people in it, JPEG, 768 x 576. */
export const readStreet = (): Promise<Buffer> => readFile(streetPath);

/** The same picture with content of its own: a JPEG comment that says which one it is, or holds whatever it should. */
export function withComment(jpeg: Uint8Array, comment: string | Uint8Array): Buffer {
  const text = Buffer.from(comment);
  const segment = Buffer.from([0xff, 0xfe, 0, 0]);
  segment.writeUInt16BE(text.length + 2, 2);
  return Buffer.concat([jpeg.subarray(0, 2), segment, text, jpeg.subarray(2)]);
}
