/** A strict stand-in for DeepStack and CodeProject.AI: `POST /v1/vision/detection`, written from the protocol. */
import { startStandin, type Form, type Standin } from './detector-server.ts';
import { claimsOf, type Seen } from './scene.ts';

/** `refuses-with-200`: errors come as `success: false` with the status of a success, as CodeProject.AI does. */
export type DeepstackTwist = 'none' | 'refuses-with-200' | 'always-failing' | 'wild-boxes';

export interface DeepstackStandin extends Standin {
  twist: DeepstackTwist;
}

export const startDeepstack = (): Promise<DeepstackStandin> =>
  startStandin<{ twist: DeepstackTwist }>({ twist: 'none' }, (standin) => ({
    routes: {
      '/v1/vision/detection': { field: 'image', filesMax: 1, fields: ['min_confidence', 'api_key'] },
    },
    isAllowed: (_request, { fields }) => standin.apiKey === null || fields.get('api_key') === standin.apiKey,
    answer: (_route, [seen = null], form) => toAnswer(seen, form, standin.twist),
  }));

const failed = (error: string) => ({ success: false, error, duration: 0 });

function toAnswer(seen: Seen | null, { fields }: Form, twist: DeepstackTwist) {
  if (twist === 'always-failing') return { status: 200, body: failed('unable to create inference session') };
  if (!seen) return { status: twist === 'refuses-with-200' ? 200 : 400, body: failed('failed to decode image') };
  const scoreMin = Number(fields.get('min_confidence') ?? 0.4);
  if (!(scoreMin >= 0 && scoreMin <= 1)) return { status: 400, body: failed('min_confidence must be from 0 to 1') };
  const predictions = claimsOf(seen.number)
    .filter(({ score }) => score >= scoreMin)
    .map(({ label, score, x, y, width, height }) => ({
      label,
      confidence: score,
      x_min: x,
      y_min: y,
      x_max: x + width,
      y_max: y + height,
    }));
  const wild = { label: 'person', confidence: 0.9, x_min: 50, y_min: 50, x_max: 20, y_max: 60 };
  return {
    status: 200,
    body: { success: true, predictions: twist === 'wild-boxes' ? [...predictions, wild] : predictions, duration: 1 },
  };
}
