/** The API on a free port, its rooms beyond replaced by plain functions, and a client that has the key. */
import { Readable } from 'node:stream';
import sharp from 'sharp';
import type { Database } from '../../db/index.ts';
import { measurePicture } from '../../detect/index.ts';
import { createRuleTrials } from '../../events/index.ts';
import { systemClock } from '../../lib/clock.ts';
import { NightjarError } from '../../lib/errors.ts';
import { silentLog } from '../../lib/log.ts';
import type { NewMessage } from '../../model/index.ts';
import { createApi, createAuthenticator, type Api, type ApiOptions, type GuestDetector } from '../index.ts';

export const TEST_KEY = 'a-key-for-tests-0123456789';
export const TEST_IMAGE_BYTES_MAX = 1024 ** 2;
export const TEST_IMAGE_PIXELS_MAX = 4_000_000;
export const STARTED_AT = new Date('2025-06-01T00:00:00.000Z');

export type Sent = Omit<RequestInit, 'headers'> & { readonly headers?: Record<string, string> };

export interface TestApi extends Api {
  /** What the media store holds, by path. */
  readonly media: Map<string, Buffer>;
  /** Messages of committed transactions. */
  readonly said: readonly NewMessage[];
  /** Sends with the key; `headers` of the request win. */
  send(path: string, init?: Sent): Promise<Response>;
  /** GET, which must answer 200 with JSON. */
  get(path: string): Promise<unknown>;
  sendJson(method: string, path: string, body: unknown): Promise<Response>;
}

export type TestOptions = Partial<Omit<ApiOptions, 'detector'>> & { readonly detector?: Partial<GuestDetector> };

export async function startTestApi(db: Database, overrides: TestOptions = {}): Promise<TestApi> {
  const media = new Map<string, Buffer>();
  const said: NewMessage[] = [];
  const defaults = toOptions(db, media, said);
  const detector = { ...defaults.detector, ...overrides.detector };
  const api = await createApi({ ...defaults, ...overrides, detector });
  const send = (path: string, init: Sent = {}): Promise<Response> =>
    fetch(`${api.url}${path}`, { ...init, headers: { 'X-API-Key': TEST_KEY, ...init.headers } });
  return {
    ...api,
    media,
    said,
    send,
    async get(path) {
      const response = await send(path);
      if (response.status !== 200) throw new Error(`GET ${path}: ${response.status} ${await response.text()}`);
      return response.json();
    },
    sendJson: (method, path, body) =>
      send(path, { method, body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } }),
  };
}

function toOptions(db: Database, media: Map<string, Buffer>, said: NewMessage[]): ApiOptions {
  const readMedia = async (path: string): Promise<Buffer> => {
    const bytes = media.get(path);
    if (!bytes) throw new NightjarError('not_found', 'nothing is stored here');
    return bytes;
  };
  return {
    db,
    host: '127.0.0.1',
    port: 0,
    clock: systemClock,
    log: silentLog,
    timeZone: 'Europe/Berlin',
    readMedia,
    authenticator: createAuthenticator({ adminApiKey: TEST_KEY, clock: systemClock }),
    async openMedia(path) {
      const bytes = await readMedia(path);
      const part = (range?: { start: number; end: number }) => bytes.subarray(range?.start, range && range.end + 1);
      return { size: bytes.length, stream: (range) => Readable.from([part(range)]) };
    },
    annotate: (bytes, objects, { width }) => drawForTest(bytes, objects.length, width),
    async transact(use) {
      const told: NewMessage[] = [];
      const result = await db.transaction((tx) => use(tx, (message) => void told.push(message)));
      said.push(...told);
      return result;
    },
    health: () => ({ modelLoaded: true }),
    readiness: async () => ({ database: { ok: true }, detector: { ok: true, detail: 'cpu' } }),
    system: () => ({
      ...{ versions: { nightjar: '0.1.0' }, roles: ['api'], startedAt: STARTED_AT },
      database: { ok: true, since: STARTED_AT, reason: null, version: '18.0' },
      redis: null,
      media: { ok: true, since: STARTED_AT, reason: null, freeBytes: 1e9 },
      ingest: { waiting: 2, outage: false },
      outages: [{ part: 'database', count: 1, seconds: 0 }],
      detectors: [
        { name: 'onnx', model: 'centernet-mbv3', provider: 'cpu', state: 'ready', reason: null, backends: [] },
      ],
      clips: { state: 'unavailable', reason: 'ffmpeg is not installed' },
      retention: { trouble: null, frames: 5, events: 2, clips: 1, bytes: 4096 },
      analyst: { analyzer: 'rules', state: 'ready', reason: null, queue: 0 },
    }),
    pipeline: async () => ({
      queue: { pending: 3, leased: 1, dead: 0, oldestPendingS: 1.5, clips: { pending: 2, leased: 1, dead: 1 } },
      stages: { decode: { count: 2, p50_ms: 1, p95_ms: 2, p99_ms: 2 } },
    }),
    gpu: () => ({ gpus: null, history: [] }),
    detector: {
      imageBytesMax: TEST_IMAGE_BYTES_MAX,
      picturesAtOnceMax: 4,
      measure: (bytes) => measurePicture(bytes, { imagePixelsMax: TEST_IMAGE_PIXELS_MAX }),
      examine: async () => [],
    },
    receivePicture: async () => Promise.reject(new NightjarError('unavailable', 'nothing is taken here')),
    settings: [],
    requeue: {
      one: async () => Promise.reject(new NightjarError('not_found', 'there is no frame with this id')),
      dead: async () => 0,
    },
    requeueClips: {
      one: async () => Promise.reject(new NightjarError('not_found', 'there is no clip with this id')),
      dead: async () => 0,
    },
    testChannel: () => Promise.resolve(undefined),
    tryRule: createRuleTrials({ db, clock: systemClock }),
    handleUpgrade: (_request, socket) => socket.end('HTTP/1.1 426 Upgrade Required\r\nConnection: close\r\n\r\n'),
  };
}

/** Marks each rendition with the number of boxes it was asked for, as the grey of its first pixel. */
async function drawForTest(bytes: Uint8Array, boxes: number, width: number | undefined): Promise<Buffer> {
  const mark = { create: { width: 16, height: 16, channels: 3 as const, background: { r: boxes * 40, g: 0, b: 0 } } };
  return sharp(bytes)
    .resize({ width, withoutEnlargement: true })
    .composite([{ input: await sharp(mark).png().toBuffer(), left: 0, top: 0 }])
    .jpeg({ quality: 95 })
    .toBuffer();
}
