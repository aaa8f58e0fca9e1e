/**
 * Downloads a file so that an interruption costs nothing: what has come is kept, and the next try, in this process or a
 * later one, asks for the rest (`Range`) on condition that the file is still the same (`If-Range`, RFC 9110 13.1.5).
 */
import { open } from 'node:fs/promises';
import type { Clock } from '../../lib/clock.ts';
import { NightjarError, toNightjarError } from '../../lib/errors.ts';
import { createPart, type Part } from './partial.ts';
import { requestFile, toNetworkError } from './request.ts';

export interface DownloadOptions {
  readonly url: string;
  /** Ends in `.part`; a `.json` of the same name lies beside it. */
  readonly path: string;
  /** What is to come, if it is known. */
  readonly bytes: number | null;
  readonly sha256: string | null;
  readonly clock: Clock;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
  readonly onRetry?: ((error: NightjarError, delayMs: number) => void) | undefined;
  readonly limits?: Partial<DownloadLimits> | undefined;
}

export interface Progress {
  readonly received: number;
  /** Null if nobody says. */
  readonly total: number | null;
}

export interface DownloadLimits {
  /** Of the file. */
  readonly bytesMax: number;
  /** Without an answer, or without another byte. */
  readonly stallMsMax: number;
  /** In a row that brought nothing. */
  readonly attemptsMax: number;
  readonly backoffMs: number;
}

const LIMITS: DownloadLimits = { bytesMax: 2 ** 31 - 1, stallMsMax: 30_000, attemptsMax: 5, backoffMs: 1_000 };
const BACKOFF_MS_MAX = 30_000;
/** However well each goes: a server that gives a byte at a time is no server. */
const ATTEMPTS_ALTOGETHER_MAX = 100;

export interface Downloaded {
  readonly bytes: number;
  readonly sha256: string;
  remove(): Promise<void>;
}

/**
 * Resolves when the whole file lies at `path` and is what `bytes` and `sha256` say. Throws `invalid` when it is not
 * (it is removed), `unavailable` when the network fails for good (what came is kept), and what `requestFile` throws.
 */
export async function download(options: DownloadOptions): Promise<Downloaded> {
  const part = createPart(options.path);
  const limits = { ...LIMITS, ...options.limits };
  await fetchAll(part, options, limits);
  const sha256 = await part.sha256();
  const { bytes = 0, note } = (await part.find(options.url)) ?? {};
  if (note && note.total !== null && note.total !== bytes)
    throw new NightjarError('unavailable', `${options.path} is not what was written there: is it downloaded twice?`);
  if (options.bytes !== null && bytes !== options.bytes)
    throw await refuse(part, `${bytes} bytes came from ${options.url}, and ${options.bytes} are expected`);
  if (options.sha256 !== null && sha256 !== options.sha256)
    throw await refuse(part, `what came from ${options.url} has sha256 ${sha256}, and ${options.sha256} is expected: it was removed`); // prettier-ignore
  return { bytes, sha256, remove: part.remove };
}

async function refuse(part: Part, message: string): Promise<NightjarError> {
  await part.remove();
  return new NightjarError('invalid', message);
}

async function fetchAll(part: Part, options: DownloadOptions, limits: DownloadLimits): Promise<void> {
  let fruitless = 0;
  for (let attempt = 1; ; attempt++) {
    const before = (await part.find(options.url))?.bytes ?? 0;
    try {
      if (await fetchRest(part, options, limits)) return;
      throw new NightjarError('unavailable', `${options.url}: the connection ended before the file did`);
    } catch (thrown) {
      const error = toNightjarError(thrown);
      options.signal?.throwIfAborted();
      const after = (await part.find(options.url))?.bytes ?? 0;
      fruitless = after > before ? 0 : fruitless + 1;
      const isOver = fruitless >= limits.attemptsMax || attempt >= ATTEMPTS_ALTOGETHER_MAX;
      if (error.kind === 'invalid') await part.remove();
      if (error.kind !== 'unavailable' || isOver) throw error;
      const delayMs = Math.min(BACKOFF_MS_MAX, limits.backoffMs * 2 ** fruitless);
      options.onRetry?.(error, delayMs);
      await options.clock.sleep(delayMs, options.signal);
    }
  }
}

/** One request and its body, as far as it comes. True if the file is whole. */
async function fetchRest(part: Part, options: DownloadOptions, limits: DownloadLimits): Promise<boolean> {
  const found = await part.find(options.url);
  if (found && found.note.total === found.bytes) return true;
  const stall = createStall(limits.stallMsMax, options.signal);
  try {
    const response = await requestFile(options.url, toRange(found), stall.signal);
    const from = (await goesOn(response, found, part)) ? (found?.bytes ?? 0) : 0;
    const total = toTotal(response);
    checkSize(total, limits, options);
    if (from === 0) await part.begin({ url: options.url, validator: toValidator(response), total });
    return await receive(response, { part, from, total, stall, limits, options });
  } catch (thrown) {
    if (stall.hasStalled()) throw new NightjarError('unavailable', `${options.url}: nothing came for ${limits.stallMsMax} ms`, { cause: thrown }); // prettier-ignore
    throw thrown;
  } finally {
    stall.end();
  }
}

function toRange(found: Awaited<ReturnType<Part['find']>>): Record<string, string> {
  if (!found || found.note.validator === null) return {};
  return { range: `bytes=${found.bytes}-`, 'if-range': found.note.validator };
}

/** Whether the answer goes on where the part ends. If the file is another by now, or the server knows no ranges, it begins anew. */
async function goesOn(response: Response, found: Awaited<ReturnType<Part['find']>>, part: Part): Promise<boolean> {
  if (response.status === 200) return false;
  const isNext = found && response.headers.get('content-range')?.startsWith(`bytes ${found.bytes}-`);
  const validator = toValidator(response);
  if (response.status === 206 && isNext && (validator ?? found.note.validator) === found.note.validator) return true;
  await Promise.all([part.remove(), response.body?.cancel()]);
  throw new NightjarError('unavailable', 'the server has not the part that was asked for: beginning anew');
}

/** A weak tag does not promise the same bytes, and may not be used for ranges. */
function toValidator({ headers }: Response): string | null {
  const tag = headers.get('etag');
  return tag !== null && !tag.startsWith('W/') ? tag : headers.get('last-modified');
}

function toTotal({ status, headers }: Response): number | null {
  const ranged = /\/(\d+)$/.exec(headers.get('content-range') ?? '')?.[1];
  if (status === 206) return ranged === undefined ? null : Number(ranged);
  const length = headers.get('content-length');
  return length === null ? null : Number(length);
}

function checkSize(total: number | null, { bytesMax }: DownloadLimits, { url, bytes }: DownloadOptions): void {
  if (total === null) return;
  if (total > bytesMax) throw new NightjarError('invalid', `${url} has ${total} bytes, more than ${bytesMax}`);
  if (bytes !== null && total !== bytes)
    throw new NightjarError('invalid', `${url} has ${total} bytes, and ${bytes} are expected`);
}

interface Receiving {
  readonly part: Part;
  readonly from: number;
  readonly total: number | null;
  readonly stall: Stall;
  readonly limits: DownloadLimits;
  readonly options: DownloadOptions;
}

async function receive(response: Response, { part, from, total, stall, limits, options }: Receiving): Promise<boolean> {
  const file = await open(part.path, from === 0 ? 'w' : 'a');
  let received = from;
  try {
    for await (const chunk of bodyOf(response, options.url)) {
      stall.touch();
      received += chunk.byteLength;
      if (received > limits.bytesMax) throw new NightjarError('invalid', `${options.url} has more than ${limits.bytesMax} bytes`); // prettier-ignore
      await file.writeFile(chunk);
      options.onProgress?.({ received, total });
    }
  } finally {
    await file.close();
  }
  return total === null || received === total;
}

async function* bodyOf({ body }: Response, url: string): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of body ?? []) yield chunk as Uint8Array;
  } catch (cause) {
    throw toNetworkError(cause, url);
  }
}

type Stall = ReturnType<typeof createStall>;

/** Aborts when nothing has happened for a while, or when the caller does; at the end too, whatever is still to come. */
function createStall(stallMsMax: number, outer: AbortSignal | undefined) {
  const stalled = new AbortController();
  const timer = setTimeout(() => stalled.abort(), stallMsMax);
  return {
    signal: outer ? AbortSignal.any([outer, stalled.signal]) : stalled.signal,
    touch: () => void timer.refresh(),
    hasStalled: () => stalled.signal.aborted,
    end(): void {
      clearTimeout(timer);
      stalled.abort();
    },
  };
}
