/** A strict stand-in for an RT-DETR server, written from the protocol (the contract, section 5 and its rows `/detect`). */
import { startStandin, type Form, type Standin } from './detector-server.ts';
import { claimsOf, type Claim, type Seen } from './scene.ts';

/** How the answer to a batch, or the boxes in any answer, are unusual or wrong. */
export type Twist =
  | 'none'
  | 'shuffled'
  | 'no-index'
  | 'no-index-too-few'
  | 'too-few'
  | 'duplicate'
  | 'out-of-range'
  | 'swapped-names'
  | 'empty-results'
  | 'no-results'
  | 'box-arrays'
  | 'wild-boxes'
  | 'python-nan'
  | 'half-size';

export interface RtdetrStandin extends Standin {
  twist: Twist;
  /** 200 where there is a batch route, else how its absence is answered. */
  batchRoute: 200 | 404 | 405;
  /** What `/health` answers: this, this status, or nothing. */
  health: Readonly<Record<string, unknown>> | number | 'hang';
}

const BATCH_MAX = 64;

const switches = {
  twist: 'none' as Twist,
  batchRoute: 200 as RtdetrStandin['batchRoute'],
  health: { status: 'healthy', model_loaded: true } as RtdetrStandin['health'],
};

export const startRtdetr = (): Promise<RtdetrStandin> =>
  startStandin({ ...switches }, (standin) => ({
    routes: {
      '/detect': { field: 'file', filesMax: 1, fields: [] },
      '/detect/batch': { field: 'files', filesMax: BATCH_MAX, fields: [] },
    },
    isAllowed: ({ headers }) => standin.apiKey === null || headers['x-api-key'] === standin.apiKey,
    other: (method, route) => toOther(method, route, standin),
    answer: (route, pictures, form) => toAnswer(route, pictures, form, standin),
  }));

function toOther(method: string, route: string, { health, batchRoute }: RtdetrStandin) {
  if (route === '/detect/batch' && batchRoute !== 200) return { status: batchRoute, body: { detail: 'Not Found' } };
  if (['/detect', '/detect/batch'].includes(route))
    return method === 'POST' ? null : { status: 405, body: { detail: 'Method Not Allowed' } };
  if (method !== 'GET' || route !== '/health') return null;
  if (health === 'hang') return 'hang';
  if (typeof health === 'number') return { status: health, body: { detail: 'unhealthy' } };
  return { status: 200, body: health };
}

function toAnswer(route: string, pictures: readonly (Seen | null)[], form: Form, standin: RtdetrStandin) {
  if (route === '/detect') {
    const [seen = null] = pictures;
    if (!seen) return { status: 400, body: { detail: 'Invalid image: cannot identify image file' } };
    return { status: 200, body: toText(toResult(seen, standin.twist)) };
  }
  const results = pictures.map((seen, index) => ({
    index,
    filename: form.files[index]?.filename ?? '',
    ...(seen ? toResult(seen, standin.twist) : { error: 'cannot identify image file', detections: [] }),
  }));
  const totals = { total_inference_time_ms: 1, num_images: pictures.length };
  return { status: 200, body: toText({ ...twist(results, standin.twist), ...totals }) };
}

/** As Python writes it: NaN bare. */
const toText = (body: object): string => JSON.stringify(body).replaceAll('"NaN"', 'NaN');

function twist(results: readonly { index: number; filename: string }[], how: Twist): object {
  const withoutIndex = results.map(({ index: _index, ...result }) => result);
  switch (how) {
    case 'shuffled':
      return { results: results.toReversed() };
    case 'no-index':
      return { results: withoutIndex };
    case 'no-index-too-few':
      return { results: withoutIndex.slice(1) };
    case 'too-few':
      return { results: results.slice(1) };
    case 'duplicate':
      return { results: results.map((result) => ({ ...result, index: 0 })) };
    case 'out-of-range':
      return { results: results.map((result) => ({ ...result, index: result.index + 1_000 })) };
    case 'swapped-names':
      return { results: results.map((result, index) => ({ ...result, filename: results.at(index - 1)?.filename })) };
    case 'empty-results':
      return { results: [] };
    case 'no-results':
      return {};
    case 'none':
    case 'box-arrays':
    case 'wild-boxes':
    case 'python-nan':
    case 'half-size':
      return { results };
  }
}

function toResult({ number, width, height }: Seen, how: Twist): object {
  const scale = how === 'half-size' ? 0.5 : 1;
  const detections = claimsOf(number).map((claim) => toDetection(claim, scale, how));
  return {
    detections: [...detections, ...(how === 'wild-boxes' ? wild : how === 'python-nan' ? [unmeasured] : [])],
    inference_time_ms: 1,
    image_width: width * scale,
    image_height: height * scale,
  };
}

function toDetection({ label, score, ...box }: Claim, scale: number, how: Twist): object {
  const [x, y, width, height] = [box.x * scale, box.y * scale, box.width * scale, box.height * scale];
  return { class: label, confidence: score, bbox: how === 'box-arrays' ? [x, y, width, height] : { x, y, width, height } }; // prettier-ignore
}

const box = { x: 10, y: 10, width: 20, height: 20 };
const good = { class: 'person', confidence: 0.9, bbox: box };
const unmeasured = { ...good, bbox: { ...box, x: 'NaN' } };
/** None of these is an object in the picture. */
const wild: readonly object[] = [
  { ...good, bbox: { ...box, width: -5 } },
  { ...good, bbox: { ...box, height: 0 } },
  { ...good, bbox: { ...box, x: null } },
  { ...good, bbox: { ...box, x: 10_000 } },
  { ...good, bbox: { ...box, y: -500 } },
  { ...good, bbox: [1e308, 1e308, 1e308, 1e308] },
  { ...good, confidence: 1.5 },
  { ...good, confidence: -0.5 },
  { ...good, confidence: null },
  { ...good, class: '' },
  { ...good, class: 'per\u0000son' },
  { ...good, class: 'x'.repeat(101) },
];
