import type { DetectedObject } from '../../model/index.ts';
import { asInvalid, measurePicture, openPicture, type DecodeLimits } from './decode.ts';
import type { Size } from './placement.ts';
import { GLYPH_HEIGHT, textWidth, toTextPath } from './stroke-font.ts';

export interface AnnotateOptions extends DecodeLimits {
  /** Pixels; the picture is made smaller to this width, never larger. */
  readonly width?: number | undefined;
}

const JPEG_QUALITY = 85;

/**
 * The picture as JPEG, upright, with each object's box, label and score drawn in. A label always has the same colour.
 * Throws `invalid` for what is no whole picture.
 */
export async function annotate(
  bytes: Uint8Array,
  objects: readonly DetectedObject[],
  { width, imagePixelsMax }: AnnotateOptions,
): Promise<Buffer> {
  const picture = await measurePicture(bytes, { imagePixelsMax });
  const scale = Math.min(1, (width ?? picture.width) / picture.width);
  const drawn = { width: Math.max(1, Math.round(picture.width * scale)), height: Math.max(1, Math.round(picture.height * scale)) }; // prettier-ignore
  const overlay = Buffer.from(toSvg(objects, drawn, scale));
  const pipeline = openPicture(bytes, imagePixelsMax)
    .autoOrient()
    .resize({ ...drawn, fit: 'fill' })
    .flatten()
    .toColourspace('srgb')
    .composite([{ input: overlay }])
    .jpeg({ quality: JPEG_QUALITY });
  return asInvalid(pipeline.toBuffer());
}

interface Pen {
  readonly drawn: Size;
  readonly scale: number;
  /** Thickness of a box, pixels. */
  readonly line: number;
  /** Pixels of one unit of the font's grid. */
  readonly unit: number;
}

/** The strongest objects are drawn last, on top. */
function toSvg(objects: readonly DetectedObject[], drawn: Size, scale: number): string {
  const shorter = Math.min(drawn.width, drawn.height);
  const pen = { drawn, scale, line: Math.max(1.5, shorter / 300), unit: Math.max(1.4, shorter / 330) };
  const shapes = objects.map((object) => toShapes(object, pen)).reverse();
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${drawn.width}" height="${drawn.height}">${shapes.join('')}</svg>`;
}

function toShapes({ label, score, bbox }: DetectedObject, pen: Pen): string {
  const [x, y, width, height] = [bbox.x, bbox.y, bbox.width, bbox.height].map((pixels) => pixels * pen.scale);
  const at = `x="${x ?? 0}" y="${y ?? 0}" width="${width ?? 0}" height="${height ?? 0}" fill="none"`;
  const colour = toColour(label);
  return [
    // A dark rim keeps the box visible on a bright picture.
    `<rect ${at} stroke="#000" stroke-opacity="0.5" stroke-width="${pen.line * 2}"/>`,
    `<rect ${at} stroke="${colour}" stroke-width="${pen.line}"/>`,
    toTag(`${label} ${Math.round(score * 100)}%`, { x: x ?? 0, y: y ?? 0, colour }, pen),
  ].join('');
}

/** Above the box's corner, or just inside where there is no room above; never outside the picture. */
function toTag(text: string, box: { x: number; y: number; colour: string }, { drawn, unit, line }: Pen): string {
  const width = (textWidth(text) + 4) * unit;
  const height = (GLYPH_HEIGHT + 4) * unit;
  const x = Math.max(0, Math.min(box.x - line / 2, drawn.width - width));
  const y = box.y >= height ? box.y - height : box.y;
  const place = `translate(${x + 2 * unit} ${y + 2 * unit}) scale(${unit})`;
  const stroke = 'fill="none" stroke="#000" stroke-width="1" stroke-linecap="round" stroke-linejoin="round"';
  return (
    `<rect x="${x}" y="${y}" width="${width}" height="${height}" fill="${box.colour}"/>` +
    `<path transform="${place}" d="${toTextPath(text)}" ${stroke}/>`
  );
}

/** Light enough for black letters in every hue. FNV-1a, 32 bits. */
function toColour(label: string): string {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(label)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return `hsl(${hash % 360}, 90%, 65%)`;
}
