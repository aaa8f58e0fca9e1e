/**
 * The DeepStack / CodeProject.AI protocol: `POST /v1/vision/detection`, one picture a request. It has no batches, and
 * no route that says how the server is: that follows from what becomes of the pictures.
 */
import { z } from 'zod';
import { NightjarError } from '../../../lib/errors.ts';
import { parseAnswer, toSnippet } from './answer.ts';
import type { Answer, Link } from '../http.ts';
import { measured, type ClaimedPicture, type Wanted } from './objects.ts';
import type { SentPicture } from '../picture.ts';
import { askSingly, orThrow, type ServerProtocol, type Verdict } from './protocol.ts';
import { toVerdict } from './verdict.ts';

const prediction = z.object({
  label: z.string(),
  confidence: measured,
  x_min: measured,
  y_min: measured,
  x_max: measured,
  y_max: measured,
});

const succeeded = z.object({
  success: z.literal(true),
  predictions: z.array(prediction),
  error: z.unknown().optional(),
});
const failed = z.object({ success: z.literal(false), error: z.unknown().optional() });
const answerSchema = z.union([failed, succeeded]);

interface DeepstackOptions {
  readonly wanted: Wanted;
  readonly apiKey: string | undefined;
}

export function createDeepstack({ wanted, apiKey }: DeepstackOptions): ServerProtocol {
  async function askOne(link: Link, picture: SentPicture): Promise<Verdict> {
    const form = new FormData();
    form.append('min_confidence', String(wanted.scoreMin));
    if (apiKey !== undefined) form.append('api_key', apiKey);
    form.append('image', picture.blob, `0.${picture.extension}`);
    const answer = await link.post('/v1/vision/detection', form);
    return toVerdict(answer, { link, picture, wanted, parse: parsePredictions });
  }

  return { ask: async (link, open) => orThrow(await askSingly(open, (picture) => askOne(link, picture))) };
}

/** Throws `unavailable` for everything but a success with predictions of the promised form. */
export function parsePredictions(link: Link, answer: Answer): ClaimedPicture {
  const parsed = parseAnswer(link, answer, answerSchema);
  if (!parsed.success) {
    const reason = typeof parsed.error === 'string' ? toSnippet(parsed.error) : 'no reason given';
    throw new NightjarError('unavailable', `${link.address} failed: ${reason}`);
  }
  const objects = parsed.predictions.map(({ label, confidence: score, x_min, y_min, x_max, y_max }) => ({
    label,
    score,
    corners: { left: x_min, top: y_min, right: x_max, bottom: y_max },
  }));
  return { objects, size: null };
}
