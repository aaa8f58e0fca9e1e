/** Width and height of a JPEG, from its frame header (SOF, ISO/IEC 10918-1 B.2.2); undefined if there is none. */
export function readJpegSize(jpeg: Buffer): { readonly width: number; readonly height: number } | undefined {
  let at = 2;
  while (at + 9 <= jpeg.length && jpeg[at] === 0xff) {
    const marker = jpeg[at + 1] ?? 0;
    // C4, C8 and CC lie among the frame headers and are tables.
    if (marker === 0xc0 || (marker > 0xc0 && marker <= 0xcf && marker % 4 !== 0)) return sizeAt(jpeg, at);
    at += 2 + jpeg.readUInt16BE(at + 2);
  }
  return undefined;
}

const sizeAt = (jpeg: Buffer, at: number) => ({ width: jpeg.readUInt16BE(at + 7), height: jpeg.readUInt16BE(at + 5) });
