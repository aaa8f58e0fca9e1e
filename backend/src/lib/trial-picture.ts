/**
 * Pictures to try a network with, as RGB bytes, [pictures.length, height, width, 3]: for each number another one,
 * slopes of three colours under a coarse pattern, the same every time.
 */
export function paintPictures(
  pictures: readonly number[],
  { width, height }: { readonly width: number; readonly height: number },
): Uint8Array<ArrayBuffer> {
  const bytesEach = width * height * 3;
  const pixels = new Uint8Array(pictures.length * bytesEach);
  pictures.forEach((picture, index) => {
    for (let at = 0; at < width * height; at++) {
      const [x, y] = [at % width, Math.floor(at / width)];
      const tile = (((x >> 5) * 7 + (y >> 4) * 13) * (picture + 2)) % 97;
      const colour = [(x * picture + tile) & 255, (y + tile * picture) & 255, (x + y + tile * 2) & 255];
      pixels.set(colour, index * bytesEach + at * 3);
    }
  });
  return pixels;
}
