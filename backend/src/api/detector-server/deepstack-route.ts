/**
 * The DeepStack / CodeProject.AI protocol, as their clients speak it: the key in the form, errors as `success: false`.
 * Frigate stops reading at the first prediction that it finds too weak or does not know, so the strongest come first.
 */
import { z } from '@hono/zod-openapi';
import { NightjarError } from '../../lib/errors.ts';
import type { DetectedObject } from '../../model/index.ts';
import { assertSeen, binary, refusals, takeFiles, toMilliseconds } from './detect-routes.ts';
import type { Seen } from './guest-queue.ts';
import type { Guests } from './guests.ts';
import { FORM_BYTES_MAX, isForm, type Form, type FormFile } from './multipart.ts';
import { assertRole, declareRoute } from '../access.ts';
import { addressOf } from '../address.ts';
import type { ApiOptions } from '../options.ts';
import { deepstackErrorSchema } from '../problem.ts';
import { json, type ApiApp } from '../route-parts.ts';
import { createStrangers, keyless } from './strangers.ts';

export const DEEPSTACK_PATH = '/v1/vision/detection';

const FILES_MAX = 8;
/** The picture's field; some clients call it `file`. */
const PICTURE_FIELDS = ['image', 'file'];
/** A number as Python, C# and Go print it. */
const NUMBER = /^(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

const pixel = z.int().min(0);
export const predictionsSchema = z
  .object({
    success: z.literal(true),
    predictions: z
      .array(
        z.object({
          label: z.string(),
          confidence: z.number().min(0).max(1),
          ...{ x_min: pixel, y_min: pixel, x_max: pixel, y_max: pixel },
        }),
      )
      .openapi({ description: 'strongest first, whole pixels of the upright picture' }),
    duration: z.number().min(0).openapi({ description: 'milliseconds, decoding and waiting for the batch included' }),
  })
  .openapi('Predictions');

type DeepstackOptions = Pick<ApiOptions, 'detector' | 'authenticator'>;

/** `POST /v1/vision/detection`. Nothing is stored. */
export function addDeepstack(app: ApiApp, { detector, authenticator }: DeepstackOptions, guests: Guests): void {
  describe(app);
  const bodyBytesMax = detector.imageBytesMax + FORM_BYTES_MAX;
  const wanted = { fileFields: PICTURE_FIELDS, filesMax: FILES_MAX, bodyBytesMax };
  const strangers = createStrangers();

  app.post(DEEPSTACK_PATH, async (c) => {
    // The edge lets through whoever presents nothing in the headers.
    const isKnown = c.get('identity') !== undefined;
    if (!isKnown && !isForm(c.env.incoming.headers)) throw keyless();
    const checkKey = async (apiKey: string): Promise<void> =>
      assertRole('ingest', await authenticator.authenticateKey(apiKey, c.env.incoming));
    return guests.serve(c.env, async (guest) => {
      const form = await (isKnown
        ? guest.readForm(wanted)
        : strangers.readForm(guest, { ...wanted, checkKey, address: addressOf(c) }));
      const scoreMin = toScoreMin(form.fields.get('min_confidence'));
      const [seen] = await guest.look(takePicture(form));
      return c.json(toPredictions(assertSeen(seen), scoreMin), 200);
    });
  });
}

const formSchema = z.object({
  image: binary,
  min_confidence: z
    .string()
    .optional()
    .openapi({ description: '0 to 1; below the configured smallest score it changes nothing' }),
  api_key: z.string().optional().openapi({ description: 'for clients that cannot set headers' }),
});

function describe(app: ApiApp): void {
  const refused = Object.entries(refusals).map(
    ([status, { description }]) => [status, json(deepstackErrorSchema, description)] as const,
  );
  declareRoute(app, 'ingest', {
    method: 'post',
    path: DEEPSTACK_PATH,
    tags: ['detector'],
    description:
      'The DeepStack / CodeProject.AI protocol. Labels and the smallest score are those of the configuration.',
    security: [{ api_key: ['ingest'] }, { bearer: ['ingest'] }, { session: ['ingest'] }, {}],
    request: { body: { required: true, content: { 'multipart/form-data': { schema: formSchema } } } },
    responses: {
      200: json(predictionsSchema, 'what is in the picture'),
      ...Object.fromEntries<ReturnType<typeof json>>(refused),
    },
  });
}

/** `image` if there is one. Other files are none of our business: some clients send more than is asked for. */
function takePicture(form: Form): readonly FormFile[] {
  const files = takeFiles({ ...form, unwanted: [] }, 'image');
  return [files.find(({ field }) => field === 'image') ?? files[0]].filter((file) => file !== undefined);
}

function toScoreMin(text = ''): number {
  const value = text.trim();
  if (value === '') return 0;
  const scoreMin = NUMBER.test(value) ? Number(value) : NaN;
  if (scoreMin >= 0 && scoreMin <= 1) return scoreMin;
  throw new NightjarError('invalid', 'min_confidence must be a number from 0 to 1');
}

const toPredictions = ({ objects, durationMs }: Seen, scoreMin: number): z.infer<typeof predictionsSchema> => ({
  success: true,
  predictions: objects.filter(({ score }) => score >= scoreMin).map(toPrediction),
  duration: toMilliseconds(durationMs),
});

const toPrediction = ({ label, score, bbox: { x, y, width, height } }: DetectedObject) => ({
  label,
  confidence: score,
  ...{ x_min: x, y_min: y, x_max: x + width, y_max: y + height },
});
