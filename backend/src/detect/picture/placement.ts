import type { BBox } from '../../model/index.ts';

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** What a model wants of its input picture, as its card says it. */
export interface InputShape extends Size {
  readonly resize: 'letterbox' | 'stretch';
  /** Where a letterboxed picture lies: in the middle, or at the top left, as some networks were trained. */
  readonly align: 'centre' | 'corner';
  /** The grey, 0..255, beside a letterboxed picture. */
  readonly pad: number;
}

/** Where a picture lies in the model's input: at (`left`, `top`), `drawn` pixels wide and high. */
export interface Placement {
  readonly input: Size;
  readonly picture: Size;
  readonly drawn: Size;
  readonly left: number;
  readonly top: number;
}

export interface Corners {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** `stretch` fills the input; `letterbox` keeps the picture's aspect to the nearest pixel. */
export function placePicture(picture: Size, input: InputShape): Placement {
  const drawn = input.resize === 'stretch' ? { width: input.width, height: input.height } : fit(picture, input);
  const toStart = (whole: number, part: number): number =>
    input.align === 'corner' ? 0 : Math.floor((whole - part) / 2);
  const [left, top] = [toStart(input.width, drawn.width), toStart(input.height, drawn.height)];
  return { input: { width: input.width, height: input.height }, picture, drawn, left, top };
}

function fit(picture: Size, within: Size): Size {
  const scale = Math.min(within.width / picture.width, within.height / picture.height);
  const width = Math.max(1, Math.round(picture.width * scale));
  const height = Math.max(1, Math.round(picture.height * scale));
  return { width, height };
}

/**
 * A box in input pixels as whole pixels of the picture, clipped to it, at least 1 x 1. Undefined for what is no box
 * (not finite, no area) and for what lies outside the picture, as in the padding.
 */
export function toBBox(corners: Corners, { picture, drawn, left, top }: Placement): BBox | undefined {
  const toX = (x: number): number => ((x - left) * picture.width) / drawn.width;
  const toY = (y: number): number => ((y - top) * picture.height) / drawn.height;
  const across = toSpan(toX(corners.left), toX(corners.right), picture.width);
  const down = toSpan(toY(corners.top), toY(corners.bottom), picture.height);
  return across && down && { x: across.start, y: down.start, width: across.length, height: down.length };
}

interface Span {
  readonly start: number;
  readonly length: number;
}

function toSpan(from: number, to: number, lengthMax: number): Span | undefined {
  // An infinite end is no measurement, though it could be clipped; NaN fails every comparison.
  if (!(to > from && to > 0 && from < lengthMax && Number.isFinite(to - from))) return undefined;
  const start = Math.min(lengthMax - 1, Math.max(0, Math.round(from)));
  const end = Math.min(lengthMax, Math.max(start + 1, Math.round(to)));
  return { start, length: end - start };
}
