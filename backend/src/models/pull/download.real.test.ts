import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemClock, type Clock } from '../../lib/clock.ts';
import type { NightjarError } from '../../lib/errors.ts';
import { download, type DownloadOptions, type Progress } from './download.ts';
import { answerWith, serveFile, startServer, type Answer, type TestServer } from './test-server.ts';

const bytes = randomBytes(300_000);
const sha256 = createHash('sha256').update(bytes).digest('hex');
/** Waiting between tries is not what is tested here. */
const hurried: Clock = { nowMs: systemClock.nowMs, sleep: () => Promise.resolve() };

let dir: string;
let server: TestServer | undefined;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'nightjar-download-'));
});
afterEach(async () => {
  await server?.close();
  server = undefined;
  await rm(dir, { recursive: true });
});

const partPath = (): string => join(dir, 'net.onnx.part');
const sizeOfPart = async (): Promise<number> => (await stat(partPath())).size;

async function serve(...answers: readonly Answer[]): Promise<TestServer> {
  server = await startServer(...answers);
  return server;
}

function get({ url }: { url: string }, options: Partial<DownloadOptions> = {}) {
  return download({ url, path: partPath(), bytes: null, sha256, clock: hurried, ...options });
}
/** Cuts the connection once so many bytes lie on disk: what a client has not read yet is lost with the connection. */
function cutAt(count: number): Pick<DownloadOptions, 'onProgress'> {
  let isCut = false;
  return {
    onProgress({ received }) {
      if (received === count && !isCut) server?.cut();
      isCut ||= received === count;
    },
  };
}
/** `toEqual` compares byte by byte, for a second. */
const isWhole = async (): Promise<boolean> => bytes.equals(await readFile(partPath()));
const giveUpAtOnce = { limits: { attemptsMax: 1, stallMsMax: 300 } };

test('a whole file comes in one request, and is told of as it comes', async () => {
  const { url, asked, sent } = await serve(serveFile({ bytes }));
  const told: Progress[] = [];
  const done = await get({ url }, { bytes: bytes.length, onProgress: (progress) => told.push(progress) });
  expect(done).toMatchObject({ bytes: bytes.length, sha256 });
  expect(await isWhole()).toBe(true);
  expect(asked).toEqual([{ url: '/model.onnx', range: undefined, ifRange: undefined }]);
  expect(sent()).toBe(bytes.length);
  expect(told.at(-1)).toEqual({ received: bytes.length, total: bytes.length });
  await done.remove();
  expect(await readdir(dir)).toEqual([]);
});

// The garbage collector would end it too, some seconds later.
test('what is refused unread is not left coming', { timeout: 4_000 }, async () => {
  let onClose: () => void = () => undefined;
  const closed = new Promise<void>((resolve) => (onClose = resolve));
  const { url } = await serve((_request, response) => {
    response.on('close', onClose).writeHead(200, { 'content-length': 500_000 }).write(bytes);
  });
  await expect(get({ url }, { bytes: 5 })).rejects.toMatchObject({ kind: 'invalid' });
  await closed;
});

describe('an interruption', () => {
  test('costs nothing: the rest is asked for', async () => {
    const { url, asked, sent } = await serve(serveFile({ bytes, stallAfter: 100_000 }), serveFile({ bytes }));
    const retries: NightjarError[] = [];
    await get({ url }, { ...cutAt(100_000), onRetry: (error) => retries.push(error) });
    expect(await isWhole()).toBe(true);
    expect(asked[1]).toEqual({ url: '/model.onnx', range: 'bytes=100000-', ifRange: '"one"' });
    expect(sent()).toBe(bytes.length);
    expect(retries.map(({ kind }) => kind)).toEqual(['unavailable']);
  });

  test('of the program costs nothing either', async () => {
    const { url, asked, sent } = await serve(serveFile({ bytes, stallAfter: 100_000 }), serveFile({ bytes }));
    await expect(get({ url }, { ...cutAt(100_000), limits: { attemptsMax: 0 } })).rejects.toMatchObject({
      kind: 'unavailable',
    });
    expect(await sizeOfPart()).toBe(100_000);
    expect((await get({ url })).sha256).toBe(sha256);
    expect(asked[1]?.range).toBe('bytes=100000-');
    expect(sent()).toBe(bytes.length);
  });

  test('after the last byte costs not even a request', async () => {
    const { url, asked } = await serve(serveFile({ bytes }));
    await get({ url });
    await get({ url });
    expect(asked).toHaveLength(1);
  });

  test('by silence is noticed, and the rest is asked for', async () => {
    const { url, asked } = await serve(serveFile({ bytes, stallAfter: 50_000 }), serveFile({ bytes }));
    await get({ url }, { limits: { stallMsMax: 1_000 } });
    expect(await isWhole()).toBe(true);
    expect(asked[1]?.range).toBe('bytes=50000-');
  });

  test('at a server that knows no ranges begins anew', async () => {
    const answer = { bytes, ranges: false };
    const { url, asked, sent } = await serve(serveFile({ ...answer, stallAfter: 100_000 }), serveFile(answer));
    await get({ url }, cutAt(100_000));
    expect(await isWhole()).toBe(true);
    expect(asked).toHaveLength(2);
    expect(sent()).toBe(100_000 + bytes.length);
  });

  test('during which the file changed begins anew: no file is patched together', async () => {
    const other = randomBytes(250_000);
    const before = serveFile({ bytes: other, stallAfter: 100_000, etag: '"before"' });
    const { url, asked } = await serve(before, serveFile({ bytes, etag: '"after"' }));
    await get({ url }, cutAt(100_000));
    expect(asked[1]).toMatchObject({ range: 'bytes=100000-', ifRange: '"before"' });
    expect(await isWhole()).toBe(true);
  });

  test('at a server that ignores the condition begins anew, too', async () => {
    const careless: Answer = (_request, response) => {
      response.writeHead(206, { etag: '"after"', 'content-range': 'bytes 100000-299999/300000' });
      response.end(bytes.subarray(100_000));
    };
    const before = serveFile({ bytes: randomBytes(300_000), stallAfter: 100_000, etag: '"before"' });
    const { url } = await serve(before, careless, serveFile({ bytes, etag: '"after"' }));
    await get({ url }, cutAt(100_000));
    expect(await isWhole()).toBe(true);
  });

  test('at a server with weak tags only begins anew', async () => {
    const answer = { bytes, etag: 'W/"one"' };
    const { url, asked } = await serve(serveFile({ ...answer, stallAfter: 1_000 }), serveFile(answer));
    await get({ url }, cutAt(1_000));
    expect(asked[1]).toMatchObject({ range: undefined, ifRange: undefined });
  });

  test('that left more than the file has begins anew', async () => {
    await writeFile(partPath(), randomBytes(400_000));
    const { url } = await serve(serveFile({ bytes }));
    await writeFile(join(dir, 'net.onnx.json'), JSON.stringify({ url, validator: '"one"', total: 300_000 }));
    await get({ url });
    expect(await isWhole()).toBe(true);
  });

  test('without end is given up, and what came is kept', async () => {
    const { url, asked } = await serve(serveFile({ bytes, stallAfter: 1_000 }), (request) => request.socket.destroy());
    await expect(get({ url }, { ...cutAt(1_000), limits: { attemptsMax: 3 } })).rejects.toMatchObject({
      kind: 'unavailable',
    });
    expect(asked).toHaveLength(4);
    expect(await sizeOfPart()).toBe(1_000);
  });
});

describe('what is not the file', () => {
  test('by its hash is refused with both hashes, and removed', async () => {
    const wanted = 'f'.repeat(64);
    const { url } = await serve(serveFile({ bytes }));
    const failing = get({ url }, { sha256: wanted });
    await expect(failing).rejects.toMatchObject({ kind: 'invalid' });
    await expect(failing).rejects.toThrow(new RegExp(`${sha256}.*${wanted}`));
    expect(await readdir(dir)).toEqual([]);
  });

  test.each([
    ['by the size that is known', { bytes: 299_999 }],
    ['by being too large', { limits: { bytesMax: 200_000 } }],
  ])('%s is refused before it comes', async (_name, options) => {
    const { url } = await serve(serveFile({ bytes }));
    await expect(get({ url }, options)).rejects.toMatchObject({ kind: 'invalid' });
    expect(await readdir(dir)).toEqual([]);
  });

  test('by being too large, though nobody said so, is cut off', async () => {
    const { url } = await serve((_request, response) => void response.writeHead(200).end(bytes));
    await expect(get({ url }, { limits: { bytesMax: 200_000 } })).rejects.toMatchObject({ kind: 'invalid' });
    expect(await readdir(dir)).toEqual([]);
  });
});

test('without a hash the file is taken, and its hash told', async () => {
  const { url } = await serve(serveFile({ bytes }));
  expect((await get({ url }, { sha256: null })).sha256).toBe(sha256);
});

describe('the server says', () => {
  test.each([
    ['404', answerWith(404), 'not_found', 'HTTP 404', 1],
    ['403', answerWith(403), 'forbidden', 'HTTP 403', 1],
    ['418', answerWith(418), 'invalid', 'HTTP 418', 1],
    ['503, for ever', answerWith(503), 'unavailable', 'HTTP 503', 2],
    ['redirects without end', answerWith(302, { location: '/again' }), 'invalid', 'more than 5 times', 6],
    ['a redirect to an address without TLS', answerWith(302, { location: 'http://example.com/x' }), 'invalid', 'not an https address', 1], // prettier-ignore
    ['nothing at all', () => undefined, 'unavailable', 'nothing came for 1500 ms', 2],
  ] as const)('%s', async (_name, answer, kind, message, requests) => {
    const { url, asked } = await serve(answer);
    // Not a moment that a busy machine takes by itself.
    const failing = get({ url }, { limits: { attemptsMax: 2, stallMsMax: 1_500 } });
    await expect(failing).rejects.toMatchObject({ kind, message: expect.stringContaining(message) as string });
    expect(asked).toHaveLength(requests);
  });

  test('it is busy for a while: back-off doubles', async () => {
    const { url } = await serve(answerWith(503), answerWith(429), serveFile({ bytes }));
    const delays: number[] = [];
    await get({ url }, { onRetry: (_error, delayMs) => delays.push(delayMs) });
    expect(delays).toEqual([2_000, 4_000]);
  });

  test('it is elsewhere', async () => {
    const { url, asked } = await serve(answerWith(302, { location: '/there?sig=1' }), serveFile({ bytes }));
    expect((await get({ url })).sha256).toBe(sha256);
    expect(asked.map((one) => one.url)).toEqual(['/model.onnx', '/there?sig=1']);
  });
});

test('nobody there is unavailable; an address without TLS is not even tried', async () => {
  const { url, close } = await serve(serveFile({ bytes }));
  await close();
  server = undefined;
  await expect(get({ url }, giveUpAtOnce)).rejects.toMatchObject({ kind: 'unavailable' });
  await expect(get({ url: 'http://example.com/model.onnx' })).rejects.toMatchObject({ kind: 'invalid' });
});

test('a download that is called off ends at once and keeps what came', async () => {
  const { url } = await serve(serveFile({ bytes, stallAfter: 50_000 }));
  const stop = new AbortController();
  const onProgress = ({ received }: Progress): void => (received === 50_000 ? stop.abort() : undefined);
  await expect(get({ url }, { signal: stop.signal, onProgress })).rejects.toMatchObject({ name: 'AbortError' });
  expect(await sizeOfPart()).toBe(50_000);
});
