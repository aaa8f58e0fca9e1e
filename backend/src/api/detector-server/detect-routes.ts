import { z } from '@hono/zod-openapi';
import { NightjarError, errorKinds } from '../../lib/errors.ts';
import type { DetectedObject } from '../../model/index.ts';
import { bboxSchema } from '../../model/wire.ts';
import type { Seen } from './guest-queue.ts';
import type { Guests } from './guests.ts';
import { FORM_BYTES_MAX, type Form, type FormFile } from './multipart.ts';
import { declareRoute } from '../access.ts';
import type { ApiOptions } from '../options.ts';
import { invalid, json, problem, unauthorized, type ApiApp } from '../route-parts.ts';

export const DETECT_PATH = '/detect';
export const DETECT_BATCH_PATH = '/detect/batch';

const BATCH_FILES_MAX = 64;
const BATCH_BYTES_MAX = 256 * 1_024 ** 2;
const tags = ['detector'];

const milliseconds = z.number().min(0);
const seenSchema = z
  .object({
    detections: z.array(z.object({ class: z.string(), confidence: z.number().min(0).max(1), bbox: bboxSchema })),
    inference_time_ms: milliseconds.openapi({ description: 'decoding and waiting for the batch included' }),
    image_width: z.int().min(1).openapi({ description: 'of the upright picture, as a viewer sees it' }),
    image_height: z.int().min(1),
  })
  .openapi('Seen');
type SeenWire = z.infer<typeof seenSchema>;

const place = { index: z.int().min(0), filename: z.string().openapi({ description: 'as it was sent' }) };
const faultSchema = z.object({ ...place, error: z.object({ kind: z.enum(errorKinds), message: z.string() }) });
export const batchSchema = z
  .object({
    results: z
      .array(z.union([seenSchema.extend(place), faultSchema]))
      .openapi({ description: 'in the order of the files; one that cannot be examined has `error` and no detections' }),
    total_inference_time_ms: milliseconds,
    num_images: z.int().min(1),
  })
  .openapi('SeenBatch');

export const binary = z.string().openapi({ format: 'binary' });
const formOf = (schema: z.ZodType) => ({ required: true, content: { 'multipart/form-data': { schema } } });
export const refusals = {
  ...invalid,
  ...unauthorized,
  408: problem('the form did not come in time'),
  413: problem('too large, or too many files'),
  415: problem('not a form with files'),
  503: problem('no detector is ready, or too many guests; `Retry-After` says when to come again'),
};

/** The RT-DETR server protocol: other programs use our detector. Nothing is stored. */
export function addDetect(app: ApiApp, { detector }: Pick<ApiOptions, 'detector'>, guests: Guests): void {
  describe(app);
  const single = { fileFields: ['file'], filesMax: 1, bodyBytesMax: detector.imageBytesMax + FORM_BYTES_MAX };
  const batch = { fileFields: ['files'], filesMax: BATCH_FILES_MAX, bodyBytesMax: BATCH_BYTES_MAX + FORM_BYTES_MAX };

  app.post(DETECT_PATH, (c) =>
    guests.serve(c.env, async (guest) => {
      const [seen] = await guest.look(takeFiles(await guest.readForm(single), 'file'));
      return c.json(toSeenWire(assertSeen(seen)), 200);
    }),
  );

  app.post(DETECT_BATCH_PATH, (c) =>
    guests.serve(c.env, async (guest) => {
      const files = takeFiles(await guest.readForm(batch), 'files');
      const startedMs = performance.now();
      const results = (await guest.look(files)).map((seen, index) => ({
        ...{ index, filename: files[index]?.filename ?? '' },
        ...(seen instanceof NightjarError ? { error: { kind: seen.kind, message: seen.message } } : toSeenWire(seen)),
      }));
      const total_inference_time_ms = toMilliseconds(performance.now() - startedMs);
      return c.json({ results, total_inference_time_ms, num_images: results.length }, 200);
    }),
  );
}

/** By hand: a route that declares its form has it parsed by the framework, whole and unbounded. */
function describe(app: ApiApp): void {
  declareRoute(app, 'ingest', {
    method: 'post',
    path: DETECT_PATH,
    tags,
    description: 'Labels and the smallest score are those of the configuration.',
    request: { body: formOf(z.object({ file: binary })) },
    responses: { 200: json(seenSchema, 'what is in the picture, strongest first'), ...refusals },
  });
  declareRoute(app, 'ingest', {
    method: 'post',
    path: DETECT_BATCH_PATH,
    tags,
    description: `At most ${BATCH_FILES_MAX} pictures and ${BATCH_BYTES_MAX / 1_024 ** 2} MiB. A bad picture fails alone.`,
    request: { body: formOf(z.object({ files: z.array(binary).max(BATCH_FILES_MAX) })) },
    responses: { 200: json(batchSchema, 'a result for each picture'), ...refusals },
  });
}

/** Throws `invalid`, naming the wanted field, when there is nothing or something else. */
export function takeFiles({ files, fields, unwanted }: Form, field: string): readonly FormFile[] {
  const strange = unwanted.map((name) => `"${name}"`).join(', ');
  if (unwanted.length > 0) throw new NightjarError('invalid', `send pictures as the file field "${field}": ${strange} is not known here`); // prettier-ignore
  if (files.length > 0) return files;
  const came = fields.size > 0 ? `only the fields ${[...fields.keys()].map((name) => JSON.stringify(name)).join(', ')} came` : 'the form is empty'; // prettier-ignore
  throw new NightjarError('invalid', `no picture: send it as the file field "${field}"; ${came}`);
}

export function assertSeen(seen: Seen | NightjarError | undefined): Seen {
  if (seen === undefined) throw new NightjarError('internal', 'the detector gave no result for this picture');
  if (seen instanceof NightjarError) throw seen;
  return seen;
}

const toSeenWire = ({ width, height, objects, durationMs }: Seen): SeenWire => ({
  detections: objects.map(({ label, score, bbox }: DetectedObject) => ({
    class: label,
    confidence: score,
    bbox: { ...bbox },
  })),
  inference_time_ms: toMilliseconds(durationMs),
  image_width: width,
  image_height: height,
});

export const toMilliseconds = (durationMs: number): number => Math.round(durationMs * 10) / 10;
