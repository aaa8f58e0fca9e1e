import { z } from 'zod';
import { NightjarError } from '../../../lib/errors.ts';
import { parseAnswer, toSnippet } from './answer.ts';
import type { Answer, Link } from '../http.ts';
import { measured, toClaimedSize, type ClaimedPicture } from './objects.ts';

const bbox = z.union([
  z.object({ x: measured, y: measured, width: measured, height: measured }),
  z.tuple([measured, measured, measured, measured]).transform(([x, y, width, height]) => ({ x, y, width, height })),
]);

const side = z.number().positive().nullish();

const pictureSchema = z
  .object({
    detections: z.array(z.object({ class: z.string(), confidence: measured, bbox })),
    image_width: side,
    image_height: side,
    error: z.unknown().optional(),
  })
  // Some servers say `detections: []` beside an error: that is no empty picture.
  .refine(({ error }) => !isSaid(error), { message: 'it names an error', path: ['error'] })
  .transform(toClaimed);

const batchSchema = z.object({ results: z.array(z.unknown()) });
const placeSchema = z.object({
  index: z.int().nullish(),
  filename: z.unknown().optional(),
  error: z.unknown().optional(),
});

const healthSchema = z.object({
  status: z.string().nullish(),
  model_loaded: z.boolean(),
  model_name: z.unknown().optional(),
  model: z.unknown().optional(),
});

const isSaid = (error: unknown): boolean => error !== undefined && error !== null && error !== false && error !== '';

function toClaimed(answer: {
  readonly detections: readonly { readonly class: string; readonly confidence: number; readonly bbox: z.infer<typeof bbox> }[]; // prettier-ignore
  readonly image_width?: number | null | undefined;
  readonly image_height?: number | null | undefined;
}): ClaimedPicture {
  return {
    size: toClaimedSize(answer.image_width, answer.image_height),
    objects: answer.detections.map(({ class: label, confidence, bbox: { x, y, width, height } }) => ({
      label,
      score: confidence,
      corners: { left: x, top: y, right: x + width, bottom: y + height },
    })),
  };
}

/** What `/detect` said of its picture. Throws `unavailable` for everything else. */
export const parsePicture = (link: Link, answer: Answer): ClaimedPicture => parseAnswer(link, answer, pictureSchema);

/** What a batch's answer has for one picture: a result, a refusal that is worth asking about, or nothing usable. */
export type BatchPart =
  | { readonly kind: 'result'; readonly claimed: ClaimedPicture }
  | { readonly kind: 'failed'; readonly reason: string }
  | { readonly kind: 'missing' };

/**
 * A part for each of the names that were sent. Results are matched by `index`; by order only where no result has one
 * and there are as many as pictures. A picture that is named twice, or whose result carries the file name of another,
 * has no result. Throws `unavailable` for what is no answer to a batch.
 */
export function parseBatch(link: Link, answer: Answer, names: readonly string[]): readonly BatchPart[] {
  const { results } = parseAnswer(link, answer, batchSchema);
  const places = results.map((result) => placeSchema.safeParse(result).data);
  const isByOrder = results.length === names.length && places.every((place) => place && place.index == null);
  return names.map((name, index): BatchPart => {
    const here = places.flatMap((place, order) => ((isByOrder ? order : place?.index) === index ? [order] : []));
    const [order = -1] = here;
    const place = places[order];
    if (here.length !== 1 || !place || isOfAnother(place.filename, name, names)) return { kind: 'missing' };
    return toPart(link, results[order], place.error);
  });
}

const isOfAnother = (filename: unknown, name: string, names: readonly string[]): boolean =>
  typeof filename === 'string' && filename !== name && names.includes(filename);

function toPart(link: Link, result: unknown, error: unknown): BatchPart {
  if (isSaid(error)) return { kind: 'failed', reason: toSnippet(typeof error === 'string' ? error : JSON.stringify(error)) }; // prettier-ignore
  const parsed = pictureSchema.safeParse(result);
  if (parsed.success) return { kind: 'result', claimed: parsed.data };
  return { kind: 'failed', reason: `${link.address} gave it no result of the promised form` };
}

/** Throws `unavailable`, with the reason, for a server that must not be used. */
export function parseHealth(link: Link, answer: Answer): { readonly model: string | null } {
  const { status, model_loaded: isLoaded, model_name: name, model } = parseAnswer(link, answer, healthSchema);
  if (!isLoaded) throw new NightjarError('unavailable', `${link.address} has no model loaded`);
  if (status != null && status.toLowerCase() !== 'healthy')
    throw new NightjarError('unavailable', `${link.address} says that it is ${toSnippet(status)}`);
  return { model: toModelName(name) ?? toModelName(model) ?? null };
}

const MODEL_CHARS_MAX = 100;

/** A model's name as it may be stored and shown; undefined for what is none. */
export function toModelName(said: unknown): string | undefined {
  if (typeof said !== 'string') return undefined;
  const name = said.replace(/[^\w.:/@+ -]/g, '').trim().slice(0, MODEL_CHARS_MAX); // prettier-ignore
  return name === '' ? undefined : name;
}
