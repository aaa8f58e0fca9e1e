/**
 * Thousands of requests made from the API's own document, right and wrong: none is answered with 5xx, none hangs, no
 * answer tells of our files or stacks, failures are problems, and what succeeds has the shape that the document says.
 */
import fc from 'fast-check';
import pLimit from 'p-limit';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from '@hono/zod-openapi';
import { createTestDatabase, type TestDatabase } from '../../tests/harness/database.ts';
import { sized } from '../../tests/harness/size.ts';
import { newId } from '../lib/id.ts';
import { describeApi } from './describe-api.ts';
import { deepstackErrorSchema, problemSchema } from './problem.ts';
import { requestsOf, type FuzzRequest } from './tests/fuzz-requests.ts';
import { seedCamera, seedClip, seedDetection, seedEvent, seedFrame, seedTime } from './tests/seed.ts';
import { startTestApi, type TestApi } from './tests/test-api.ts';

const REQUESTS = sized(2_500, 24_000);
const AT_ONCE = 8;
const ANSWER_MS_MAX = 15_000;
const document = describeApi();

let db: TestDatabase;
let api: TestApi;
const ids: string[] = ['yard', 'gate', newId()];

beforeAll(async () => {
  db = await createTestDatabase();
  api = await startTestApi(db);
  for (const id of ['yard', 'gate']) await seedCamera(db, id);
  // Square: the stand-in for drawing puts a mark on it that is as high as the smallest rendition is wide.
  const picture = await sharp({ create: { width: 64, height: 64, channels: 3, background: 'red' } })
    .jpeg()
    .toBuffer();
  for (let second = 0; second < 20; second += 1) {
    const place = { cameraId: second % 2 === 0 ? 'yard' : 'gate', capturedAt: seedTime(second) };
    const frameId = await seedFrame(db, { ...place, mediaPath: `kept/${second}` });
    api.media.set(`kept/${second}`, picture);
    const eventId = await seedEvent(db, { ...place, startedAt: place.capturedAt, bestFrameId: frameId });
    const detectionId = await seedDetection(db, { ...place, frameId, eventId });
    ids.push(frameId, eventId, detectionId, await seedClip(db, place));
  }
});
afterAll(async () => {
  await api.close();
  await db.close();
});

async function send({ method, path, headers, body }: FuzzRequest): Promise<Response> {
  const signal = AbortSignal.timeout(ANSWER_MS_MAX);
  if (body === undefined || typeof body === 'string') return api.send(path, { method, headers, ...(body !== undefined && { body }), signal }); // prettier-ignore
  const form = new FormData();
  for (const { name, value } of body)
    if (typeof value === 'string') form.append(name, value);
    else form.append(name, new Blob([new Uint8Array(value)]), 'a.jpg');
  return api.send(path, { method, headers, body: form, signal });
}

/** Ours, not what the request itself said. */
const LEAKS = /\n\s+at |node_modules|\/backend\/|file:\/\/|\.ts:\d|syntax error|relation "|\bpostgres(ql)?:\/\//i;

interface Declared {
  readonly content?: Readonly<Record<string, { readonly schema?: object }>>;
}

/** Made once for each answer of the document. */
const shapes = new Map<string, z.ZodType>();

function shapeOf(operation: string, status: number): z.ZodType | undefined {
  const [method = '', path = ''] = operation.split(' ');
  const described = document.paths?.[path]?.[method.toLowerCase() as 'get'];
  const declared = described?.responses?.[`${status}`] as Declared | undefined;
  if (declared === undefined) throw new Error(`${operation} does not say that it answers ${status}`);
  const schema = declared.content?.['application/json']?.schema;
  if (schema === undefined) return undefined;
  const shape = shapes.get(`${operation} ${status}`) ?? toShape(schema);
  shapes.set(`${operation} ${status}`, shape);
  return shape;
}

/** Our own schemas are not asked: the document is, as anybody's client would read it. */
function toShape(schema: object): z.ZodType {
  const whole = JSON.stringify({ ...schema, $defs: document.components?.schemas });
  return z.fromJSONSchema(JSON.parse(whole.replaceAll('#/components/schemas/', '#/$defs/')) as Parameters<typeof z.fromJSONSchema>[0]); // prettier-ignore
}

/** How often each operation succeeded. */
const succeeded = new Map<string, number>();

/** What is wrong with the answer, in words; undefined when nothing is. */
async function judge(request: FuzzRequest): Promise<string | undefined> {
  const response = await send(request);
  const { operation } = request;
  succeeded.set(operation, (succeeded.get(operation) ?? 0) + Number(response.ok));
  const bytes = Buffer.from(await response.arrayBuffer());
  const text = bytes.toString('utf8');
  if (response.status >= 500) return `${response.status}: ${text}`;
  const type = response.headers.get('content-type') ?? '';
  if (/json|text/.test(type) && LEAKS.test(text)) return `leaks: ${text}`;
  if (response.status >= 400) {
    const schema = request.path.startsWith('/v1/vision')
      ? z.union([deepstackErrorSchema, problemSchema])
      : problemSchema;
    return schema.safeParse(parse(text)).success ? undefined : `${response.status} is no problem: ${text}`;
  }
  if (response.status >= 300 && response.status !== 304) return `${response.status}: where to?`;
  if (type.startsWith('application/json')) learn(text);
  const shape = shapeOf(request.operation, response.status);
  const result = type.startsWith('application/json') ? shape?.safeParse(parse(text)) : undefined;
  return result === undefined || result.success ? undefined : `${response.status} has another shape: ${z.prettifyError(result.error)}: ${text.slice(0, 500)}`; // prettier-ignore
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // then it has no shape at all, which is what the caller finds
  }
}

const IDS_MAX = 400;

/** Ids of what was just made or listed are worth asking for. */
function learn(text: string): void {
  for (const [, id = ''] of text.matchAll(/"id":"([0-9a-z_-]{1,64})"/g)) if (ids.length < IDS_MAX && !ids.includes(id)) ids.push(id); // prettier-ignore
}

describe('the API under fuzz', () => {
  it(`answers ${REQUESTS} requests as its document says`, { timeout: 600_000 }, async () => {
    const seed = Number(process.env['FUZZ_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
    // A place in the list, not an id: what is learned on the way is asked for, too.
    const id = fc.oneof(
      { weight: 8, arbitrary: fc.nat(10_000).map((place) => `#${place}`) },
      { weight: 1, arbitrary: fc.uuid() },
    );
    const requests = fc.sample(requestsOf(document, id), { numRuns: REQUESTS, seed });
    const limit = pLimit(AT_ONCE);
    const wrong: string[] = [];
    const run = async (request: FuzzRequest): Promise<void> => {
      const fault = await judge(withIds(request)).catch((thrown: unknown) => `no answer: ${String(thrown)}`);
      if (fault !== undefined) wrong.push(`${request.method} ${request.path.slice(0, 300)} ${JSON.stringify(request.body)?.slice(0, 300)} -> ${fault}`); // prettier-ignore
    };
    await Promise.all(requests.map((request) => limit(run, request)));
    expect(wrong.slice(0, 10), `${wrong.length} wrong answers; FUZZ_SEED=${seed}`).toEqual([]);
    // Or it would have been about nothing but refusals.
    const answered = [...succeeded.values()].filter((times) => times > 0);
    expect(answered.length).toBeGreaterThan(succeeded.size / 2);
  });
});

/** Places in the list become ids, wherever they stand. */
const withIds = (request: FuzzRequest): FuzzRequest => {
  const place = (text: string): string => text.replaceAll(/(?:#|%23)(\d+)/g, (_all, number: string) => ids[Number(number) % ids.length] ?? ''); // prettier-ignore
  const body = typeof request.body === 'string' ? place(request.body) : request.body;
  return { ...request, path: place(request.path), body };
};
