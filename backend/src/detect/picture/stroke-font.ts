/**
 * A small font of straight strokes, drawn as paths: machines without a single font installed (containers, mostly)
 * would show labels as empty boxes, or not at all. Each glyph stands on a grid 4 wide and 6 high, counted from the top
 * left; a stroke is a run of points, each written as its two digits.
 */
const glyphs: Readonly<Record<string, string>> = {
  A: '062046 1434',
  B: '06003041423303 3344453606',
  C: '4130100105163645',
  D: '06002042442606',
  E: '40000646 0333',
  F: '400006 0333',
  G: '41301001051636454323',
  H: '0006 4046 0343',
  I: '2026 1030 1636',
  J: '4045361605',
  K: '0006 400346',
  L: '000646',
  M: '0600234046',
  N: '06004640',
  O: '103041453616050110',
  P: '06003041423303',
  Q: '103041453616050110 2446',
  R: '06003041423303 2346',
  S: '413010010213334445361605',
  T: '0040 2026',
  U: '000516364540',
  V: '002640',
  W: '0016233640',
  X: '0046 4006',
  Y: '002340 2326',
  Z: '00400646',
  0: '103041453616050110 1531',
  1: '112026 1636',
  2: '01103041420646',
  3: '01103041423323 334445361605',
  4: '36300444',
  5: '400003334445361605',
  6: '4130100105163645443303',
  7: '004016',
  8: '13020110304142331304051636454433',
  9: '4313020110304145361605',
  '%': '4006 0010110100 3545463635',
  '.': '2526',
  ',': '2516',
  ':': '2122 2425',
  '-': '1333',
  _: '0646',
  '+': '2125 0343',
  '/': '0640',
  "'": '2021',
  ' ': '',
  '?': '011030414223 2526',
};

export const GLYPH_HEIGHT = 6;
/** From the start of one glyph to the next. */
const ADVANCE = 6;

/** How wide a text is, in units of the grid. */
export const textWidth = (text: string): number => Math.max(0, toDrawable(text).length * ADVANCE - 2);

/** The text as the data of an SVG path, in units of the grid; what the font does not have shows as a question mark. */
export function toTextPath(text: string): string {
  return toDrawable(text).flatMap(toGlyphPath).join('');
}

/** Capitals without accents: `Café` is drawn as CAFE. */
function toDrawable(text: string): string[] {
  return Array.from(
    text
      .normalize('NFKD')
      .replace(/\p{Mark}/gu, '')
      .toUpperCase(),
  );
}

function toGlyphPath(character: string, index: number): string[] {
  const strokes = (glyphs[character] ?? glyphs['?'] ?? '').split(' ').filter((stroke) => stroke !== '');
  return strokes.map((stroke) => {
    const points = stroke.match(/\d\d/g) ?? [];
    return `M${points.map((point) => `${Number(point[0]) + index * ADVANCE} ${Number(point[1])}`).join('L')}`;
  });
}
