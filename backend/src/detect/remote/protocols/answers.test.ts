import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { NightjarError } from '../../../lib/errors.ts';
import type { DetectedObject } from '../../../model/index.ts';
import { parsePredictions } from './deepstack.ts';
import type { Answer, Link } from '../http.ts';
import { toObjects, type ClaimedPicture, type Wanted } from './objects.ts';
import { parseBatch, parseHealth, parsePicture, toModelName } from './rtdetr-answer.ts';

const never = (): never => {
  throw new Error('parsing asks no server');
};
const link: Link = { address: 'http://detector', get: never, post: never };
const toAnswer = (body: unknown): Answer => ({ status: 200, text: typeof body === 'string' ? body : JSON.stringify(body) }); // prettier-ignore

const picture = { width: 100, height: 80 };
const all: Wanted = { labels: 'all', scoreMin: 0 };
const see = (claimed: ClaimedPicture, wanted = all) => toObjects(claimed, picture, wanted);

const bbox = { x: 10.4, y: 20.6, width: 30, height: 40 };
const person = { class: 'person', confidence: 0.9, bbox };
const predicted = { label: 'person', confidence: 0.9, x_min: 10.4, y_min: 20.6, x_max: 40.4, y_max: 60.6 };
const stored = { label: 'person', score: 0.9, bbox: { x: 10, y: 21, width: 30, height: 40 } };

const engines = {
  rtdetr: (text: string) => parsePicture(link, toAnswer(text)),
  deepstack: (text: string) => parsePredictions(link, toAnswer(text)),
};

describe('RT-DETR: an answer about one picture', () => {
  const parse = (body: unknown) => see(parsePicture(link, toAnswer(body)));

  it('has boxes as objects or as lists, in whole pixels', () => {
    const asList = { ...person, bbox: [10.4, 20.6, 30, 40] };
    expect(parse({ detections: [person, asList] })).toEqual([stored, stored]);
    expect(parse({ detections: [] })).toEqual([]);
  });

  it('of a smaller picture is scaled back', () => {
    const half = { ...person, bbox: [5.2, 10.3, 15, 20] };
    expect(parse({ detections: [half], image_width: 50, image_height: 40 })).toEqual([stored]);
    // One side alone says nothing.
    expect(parse({ detections: [person], image_width: 50, image_height: null })).toEqual([stored]);
  });

  it.each([
    ['nothing', ''],
    ['half of it', '{"detections":[{"class":"per'],
    ['a page', '<html>'],
    ['null', 'null'],
    ['a list', []],
    ['no detections', { image_width: 1 }],
    ['detections that are null', { detections: null }],
    ['detections that are no list', { detections: {} }],
    ['an error beside an empty list', { detections: [], error: 'out of memory' }],
    ['an object without a class', { detections: [{ confidence: 0.9, bbox }] }],
    ['an object without a score', { detections: [{ class: 'person', bbox }] }],
    ['an object without a box', { detections: [{ class: 'person', confidence: 0.9 }] }],
    ['a box of three numbers', { detections: [{ ...person, bbox: [1, 2, 3] }] }],
    ['a box of words', { detections: [{ ...person, bbox: ['1', '2', '3', '4'] }] }],
    ['a box without a height', { detections: [{ ...person, bbox: { x: 1, y: 1, width: 1 } }] }],
    ['a class that is a number', { detections: [{ ...person, class: 0 }] }],
    ['a picture of no width', { detections: [person], image_width: 0, image_height: 10 }],
  ])('that is %s is an error', (_what, body) => {
    expect(() => parse(body)).toThrow(expect.objectContaining({ kind: 'unavailable' }) as Error);
  });

  it.each([
    ['not finite', { ...person, bbox: { ...bbox, x: Infinity } }],
    ['of negative width', { ...person, bbox: { ...bbox, width: -1 } }],
    ['of no height', { ...person, bbox: { ...bbox, height: 0 } }],
    ['outside', { ...person, bbox: { ...bbox, x: 100 } }],
    ['too sure', { ...person, confidence: 1.01 }],
    ['of negative score', { ...person, confidence: -0.1 }],
    ['of no score', { ...person, confidence: null }],
    ['nameless', { ...person, class: '  ' }],
    ['of a name with control characters', { ...person, class: 'a\u0007b' }],
    ['of a name too long', { ...person, class: 'x'.repeat(101) }],
  ])('drops an object that is %s, and keeps the others', (_what, object) => {
    expect(parse({ detections: [object, person] })).toEqual([stored]);
  });

  it('may have NaN as Python writes it, and NaN in words', () => {
    const text = '{"detections":[{"class":"NaN","confidence":NaN,"bbox":[-Infinity,0,1,1]},{"class":"\\"NaN\\" 5","confidence":0.5,"bbox":[0,0,9,9]}]}'; // prettier-ignore
    expect(parse(text)).toEqual([{ label: '"nan" 5', score: 0.5, bbox: { x: 0, y: 0, width: 9, height: 9 } }]);
    // A number beyond all numbers is read as infinity.
    expect(parse('{"detections":[{"class":"car","confidence":0.5,"bbox":[0,0,1e999,9]}]}')).toEqual([]);
  });

  it('with a string that never ends is read in a time that grows with its length', () => {
    // Some million escaped quotes: looked for from each of them, the end would be searched for days.
    const text = `{"detections":[NaN,"${'\\"'.repeat(3e6)}`;
    expect(() => parse(text)).toThrow(expect.objectContaining({ kind: 'unavailable' }) as Error);
  });

  it('has scores of six digits, as they are stored', () => {
    expect(parse({ detections: [{ ...person, confidence: 0.87654321 }] })).toEqual([{ ...stored, score: 0.876543 }]);
  });

  it('is strongest first, in lower case, and only what is wanted', () => {
    const claimed = parsePicture(link, toAnswer({ detections: [
      { ...person, confidence: 0.4 }, { ...person, class: ' Cat ' }, { ...person, class: 'kite' }, { ...person, confidence: 0.3 },
    ] })); // prettier-ignore
    const found = see(claimed, { labels: new Set(['person', 'cat']), scoreMin: 0.35 });
    expect(found.map(({ label, score }) => [label, score])).toEqual([['cat', 0.9], ['person', 0.4]]); // prettier-ignore
  });
});

describe('RT-DETR: an answer about a batch', () => {
  const names = ['0.jpg', '1.jpg', '2.jpg'];
  const kinds = (results: unknown) => parseBatch(link, toAnswer({ results }), names).map(({ kind }) => kind);
  const part = (index?: unknown, more: object = {}) => ({ index, detections: [person], ...more });

  it.each([
    ['by index', [part(2), part(0), part(1)], ['result', 'result', 'result']],
    ['by order where there is no index', [part(), part(), part()], ['result', 'result', 'result']],
    ['not by order when one is missing', [part(), part()], ['missing', 'missing', 'missing']],
    ['not by order when one has an index', [part(0), part(), part(2)], ['result', 'missing', 'result']],
    ['but not one that is there twice', [part(0), part(1), part(1)], ['result', 'missing', 'missing']],
    ['but not one that is not there', [part(0), part(2)], ['result', 'missing', 'result']],
    ['but no index out of range', [part(0), part(1), part(3)], ['result', 'result', 'missing']],
    ['but no index that is none', [part(0), part('1'), part(1.5)], ['result', 'missing', 'missing']],
    ['but none of another file', [part(0, { filename: '1.jpg' }), part(1), part(2)], ['missing', 'result', 'result']],
    ['with file names of their own', [part(0, { filename: '/tmp/x' }), part(1), part(2)], ['result', 'result', 'result']], // prettier-ignore
    ['with one that failed', [part(0), part(1, { error: 'bad image' }), part(2)], ['result', 'failed', 'result']],
    ['with one that failed, and says so in an object', [part(0), part(1, { error: { code: 1 } }), part(2)], ['result', 'failed', 'result']], // prettier-ignore
    ['with one without detections', [part(0), { index: 1 }, part(2)], ['result', 'failed', 'result']],
    ['with one that is null', [part(0), null, part(2)], ['result', 'missing', 'result']],
    ['with no error', [part(0, { error: null }), part(1, { error: '' }), part(2)], ['result', 'result', 'result']],
    ['of none', [], ['missing', 'missing', 'missing']],
  ])('is matched %s', (_what, results, expected) => expect(kinds(results)).toEqual(expected));

  it.each([['no list', {}], ['null', null], ['words', 'none']])('is an error when its results are %s', (_what, results) => {
    expect(() => kinds(results)).toThrow(expect.objectContaining({ kind: 'unavailable' }) as Error);
  }); // prettier-ignore
});

describe('DeepStack: an answer', () => {
  const parse = (body: unknown) => see(parsePredictions(link, toAnswer(body)));

  it('has corners', () => {
    expect(parse({ success: true, predictions: [predicted], duration: 3 })).toEqual([stored]);
    expect(parse({ success: true, predictions: [] })).toEqual([]);
  });

  it.each([
    ['a failure', { success: false, error: 'no' }],
    ['a failure with an empty list', { success: false, predictions: [] }],
    ['no success', { predictions: [predicted] }],
    ['success in words', { success: 'true', predictions: [] }],
    ['a success without predictions', { success: true }],
    ['a prediction without a corner', { success: true, predictions: [{ ...predicted, x_max: undefined }] }],
    ['a page', '<html>'],
  ])('that is %s is an error', (_what, body) => {
    expect(() => parse(body)).toThrow(expect.objectContaining({ kind: 'unavailable' }) as Error);
  });
});

describe('health', () => {
  const parse = (body: unknown) => parseHealth(link, toAnswer(body));

  it.each([
    [{ status: 'healthy', model_loaded: true }, null],
    [{ model_loaded: true, model: 'rtdetr_r18vd' }, 'rtdetr_r18vd'],
    [{ status: 'Healthy', model_loaded: true, model_name: 'a', model: 'b' }, 'a'],
    [{ model_loaded: true, model_name: 7 }, null],
  ])('of %j is good', (body, model) => expect(parse(body)).toEqual({ model }));

  it.each([[{}], [{ status: 'healthy' }], [{ model_loaded: false }], [{ model_loaded: 'true' }], [{ status: 'starting', model_loaded: true }], ['ok'], ['']])(
    'of %j is not',
    (body) => expect(() => parse(body)).toThrow(NightjarError),
  ); // prettier-ignore

  it('names no model that could not be stored or shown', () => {
    expect(toModelName('PekingU/rtdetr_v2 r50\u0000<b>')).toBe('PekingU/rtdetr_v2 r50b');
    expect(toModelName('x'.repeat(500))).toHaveLength(100);
    expect(toModelName('\u0000')).toBeUndefined();
  });
});

describe('fuzz', () => {
  const number = fc.oneof(fc.double(), fc.integer({ min: -200, max: 200 }), fc.double({ min: 0, max: 1 }));
  const label = fc.oneof(fc.constantFrom('person', 'Car'), fc.string({ unit: 'binary', maxLength: 150 }));
  const claims = fc.array(
    fc.record({ label, confidence: number, x: number, y: number, width: number, height: number }),
  );

  const expectValid = (objects: readonly DetectedObject[]): void => {
    for (const { label: name, score, bbox: box } of objects) {
      expect(name).toMatch(/^\P{C}{1,100}$/u);
      expect(score >= 0 && score <= 1).toBe(true);
      expect(Object.values(box).every(Number.isInteger)).toBe(true);
      expect(Math.min(box.x, box.y, box.width - 1, box.height - 1)).toBeGreaterThanOrEqual(0);
      expect(box.x + box.width).toBeLessThanOrEqual(picture.width);
      expect(box.y + box.height).toBeLessThanOrEqual(picture.height);
    }
  };

  test('whatever the numbers are, no box is invalid', () => {
    fc.assert(
      fc.property(
        claims,
        fc.option(fc.double({ min: 1e-3, max: 1e9, noNaN: true }), { nil: null }),
        (objects, size) => {
          const detections = objects.map(({ label: name, confidence, ...box }) => ({
            class: name,
            confidence,
            bbox: box,
          }));
          expectValid(see(engines.rtdetr(JSON.stringify({ detections, image_width: size, image_height: size }))));
          const predictions = objects.map(({ label: name, confidence, x, y, width, height }) => ({
          label: name, confidence, x_min: x, y_min: y, x_max: x + width, y_max: y + height,
        })); // prettier-ignore
          expectValid(see(engines.deepstack(JSON.stringify({ success: true, predictions }))));
        },
      ),
    );
  });

  /** Any change of a good answer is an answer with an object, or an error; never nothing. */
  const damage = fc.oneof(
    fc.record({ how: fc.constant('cut' as const), at: fc.double({ min: 0, max: 0.999, noNaN: true }) }),
    fc.record({ how: fc.constant('drop' as const), path: fc.nat() }),
    fc.record({ how: fc.constant('replace' as const), path: fc.nat(), value: fc.jsonValue({ maxDepth: 1 }) }),
  );

  test.each([
    ['rtdetr', { detections: [person, person], image_width: 100, image_height: 80 }],
    ['deepstack', { success: true, predictions: [predicted, predicted], duration: 1 }],
  ] as const)('a damaged answer of %s is an error or has its objects', (engine, good) => {
    fc.assert(
      fc.property(damage, (change) => {
        const text = toDamaged(good, change);
        try {
          const claimed = engines[engine](text);
          // Emptied by the damage itself it says that there is nothing.
          const list = Object.values(JSON.parse(text) as object).find(Array.isArray) as unknown[] | undefined;
          expect(claimed.objects.length).toBe(list?.length);
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(NightjarError);
        }
      }),
      { numRuns: 500 },
    );
  });

  test('anything else that is JSON is an error', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        for (const parse of Object.values(engines)) expect(() => parse(JSON.stringify(value))).toThrow(NightjarError);
      }),
    );
  });

  type Damage = typeof damage extends fc.Arbitrary<infer T> ? T : never;

  function toDamaged(good: object, change: Damage): string {
    const text = JSON.stringify(good);
    if (change.how === 'cut') return text.slice(0, Math.floor(text.length * change.at));
    const copy = structuredClone(good);
    const places: [Record<string, unknown>, string][] = [];
    const visit = (node: unknown): void => {
      if (typeof node !== 'object' || node === null) return;
      for (const [key, value] of Object.entries(node)) {
        places.push([node as Record<string, unknown>, key]);
        visit(value);
      }
    };
    visit(copy);
    const [node, key] = places[change.path % places.length] ?? [{}, ''];
    if (change.how === 'replace') node[key] = change.value;
    else if (Array.isArray(node)) node[Number(key)] = null;
    else delete node[key];
    return JSON.stringify(copy);
  }
});
