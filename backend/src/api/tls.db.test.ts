import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { Agent, request } from 'node:https';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { connect, type PeerCertificate, type TLSSocket } from 'node:tls';
import { once } from 'node:events';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { makeCertificate, type TestCertificate } from '../../tests/harness/certificates.ts';
import { createTestDatabase, type TestDatabase } from '../../tests/harness/database.ts';
import { eventually } from '../../tests/harness/eventually.ts';
import { parseConfig } from '../config.ts';
import { runHealth } from '../cli/health.ts';
import { startTestApi, TEST_KEY, type TestApi } from './tests/test-api.ts';

let db: TestDatabase;
let first: TestCertificate;
let second: TestCertificate;
let dir: string;
beforeAll(async () => {
  db = await createTestDatabase();
  [first, second] = await Promise.all([makeCertificate({ name: 'first' }), makeCertificate({ name: 'second' })]);
  dir = await mkdtemp(path.join(tmpdir(), 'nightjar-tls-'));
});
afterAll(async () => {
  await rm(dir, { recursive: true });
  await db.close();
});

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

let folders = 0;
/** Files as certbot keeps them: links to what is current. */
async function lay(pair: TestCertificate) {
  const folder = path.join(dir, `${(folders += 1)}`);
  await mkdir(folder);
  let versions = 0;
  async function link(name: string, bytes: Uint8Array): Promise<void> {
    const file = `${name}${(versions += 1)}`;
    await writeFile(path.join(folder, file), bytes);
    await symlink(file, path.join(folder, `${name}.new`));
    await rename(path.join(folder, `${name}.new`), path.join(folder, `${name}.pem`));
  }
  const files = { certFile: path.join(folder, 'cert.pem'), keyFile: path.join(folder, 'key.pem') };
  await link('cert', pair.cert);
  await link('key', pair.key);
  return { ...files, link };
}

function createLogBook() {
  const lines: string[] = [];
  const log = pino({ level: 'info' }, { write: (line: string) => void lines.push(line) });
  return { log, said: (words: string) => lines.filter((line) => line.includes(words)).length };
}

type Files = Awaited<ReturnType<typeof lay>>;
async function serve({ certFile, keyFile }: Files, book = createLogBook()): Promise<TestApi> {
  const api = await startTestApi(db, { tls: { certFile, keyFile, lookEveryMs: 20 }, log: book.log });
  closers.push(() => api.close());
  return api;
}

/** Who answers at this port to a client that shakes hands now. */
async function nameAt(port: number): Promise<string | undefined> {
  const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  const { subject } = socket.getPeerCertificate() as Partial<PeerCertificate>;
  socket.destroy();
  return subject?.CN as string | undefined;
}

interface Answer {
  readonly status: number | undefined;
  readonly headers: Record<string, unknown>;
  readonly port: number | undefined;
  readonly socket: TLSSocket;
}

function ask(
  api: TestApi,
  route: string,
  options: { agent?: Agent; ca?: Buffer; method?: string; body?: string } = {},
) {
  return new Promise<Answer>((resolve, reject) => {
    const headers = { 'X-API-Key': TEST_KEY, 'Content-Type': 'application/json' };
    const { agent, ca, method, body = '' } = options;
    request(`${api.url}${route}`, { agent, ca, method, headers }, (response) => {
      const socket = response.socket as TLSSocket;
      const { localPort: port } = socket;
      response
        .resume()
        .on('end', () => resolve({ status: response.statusCode, headers: response.headers, port, socket }));
    })
      .on('error', reject)
      .end(body);
  });
}

describe('HTTPS', () => {
  it('is served under a certificate that clients can check, by TLS 1.2 at least', async () => {
    const api = await serve(await lay(first));
    expect(api.url).toMatch(/^https:\/\/127\.0\.0\.1:/);
    expect((await ask(api, '/api/cameras', { ca: first.cert })).status).toBe(200);
    await expect(ask(api, '/api/cameras', { ca: second.cert })).rejects.toThrow(/certificate/);
    const old = connect({ port: api.port, host: '127.0.0.1', rejectUnauthorized: false, maxVersion: 'TLSv1.1', minVersion: 'TLSv1' }); // prettier-ignore
    const [error] = (await once(old, 'error')) as [Error];
    expect(error.message).toMatch(/protocol|alert|handshake|reset|hang up|disconnected/i);
    await expect(fetch(`http://127.0.0.1:${api.port}/health`)).rejects.toThrow();
  });

  it('makes the cookie of a login Secure', async () => {
    const api = await serve(await lay(first));
    const { headers } = await ask(api, '/api/session', { ca: first.cert, method: 'POST', body: JSON.stringify({ api_key: TEST_KEY }) }); // prettier-ignore
    expect(String(headers['set-cookie'])).toMatch(/; Secure/);
  });

  it('hands upgrades on (WSS)', async () => {
    const api = await serve(await lay(first));
    const upgrade = { Connection: 'Upgrade', Upgrade: 'websocket' };
    const sent = request(`${api.url}/ws`, { ca: first.cert, headers: upgrade }).end();
    const [response] = (await once(sent, 'response')) as [{ statusCode: number }];
    expect(response.statusCode).toBe(426); // what the test's own gate answers to whoever comes to it
    sent.destroy();
  });

  it('is what the health check of containers asks', async () => {
    const files = await lay(first);
    const api = await serve(files);
    const env = { ADMIN_API_KEY: TEST_KEY, PORT: `${api.port}`, TLS_CERT: files.certFile, TLS_KEY: files.keyFile };
    const surroundings = { cwd: dir, systemTimeZone: 'UTC', terminal: false };
    const lines: string[] = [];
    await runHealth(parseConfig(env, surroundings), (line) => void lines.push(line));
    expect(JSON.parse(lines.join(''))).toMatchObject({ status: 'healthy' });
  });
});

describe('a renewal', () => {
  it('is shown to whoever comes next, and drops no connection', async () => {
    const files = await lay(first);
    const book = createLogBook();
    const api = await serve(files, book);
    const agent = new Agent({ keepAlive: true, maxSockets: 1, ca: first.cert });
    const before = await ask(api, '/api/cameras', { agent });
    expect(await nameAt(api.port)).toBe('first');
    await files.link('cert', second.cert);
    await eventually(() => book.said('is not the key') > 0, { what: 'the word that the pair does not match' });
    expect(await nameAt(api.port)).toBe('first');
    await files.link('key', second.key);
    await eventually(async () => (await nameAt(api.port)) === 'second', { what: 'the new certificate' });
    const after = await ask(api, '/api/cameras', { agent });
    expect([after.status, after.port]).toEqual([200, before.port]);
    expect(book.said('was renewed')).toBe(1);
    agent.destroy();
  });

  it('that is half-written, garbage or gone leaves the old one in use, and is said once', async () => {
    const files = await lay(first);
    const book = createLogBook();
    const api = await serve(files, book);
    await files.link('cert', second.cert.subarray(0, 200));
    await eventually(() => book.said('TLS_CERT is no certificate') > 0, { what: 'the word on a cut file' });
    await rm(files.keyFile);
    await eventually(() => book.said('cannot be read') > 0, { what: 'the word on a missing file' });
    expect(await nameAt(api.port)).toBe('first');
    await files.link('cert', second.cert);
    await files.link('key', second.key);
    await eventually(async () => (await nameAt(api.port)) === 'second', { what: 'the new certificate' });
    expect([book.said('TLS_CERT is no certificate'), book.said('cannot be read')]).toEqual([1, 1]);
  });
});

describe('a certificate', () => {
  const startWith = async (cert: Uint8Array, key: Uint8Array) => serve(await lay({ cert: Buffer.from(cert), key: Buffer.from(key) })); // prettier-ignore

  it('that cannot be used ends the start, and says which file is to blame', async () => {
    const none = { certFile: '/nowhere/cert.pem', keyFile: '/nowhere/key.pem', link: async () => undefined };
    await expect(serve(none)).rejects.toMatchObject({ kind: 'invalid', message: /TLS_CERT: \/nowhere\/cert.pem.*ENOENT/ }); // prettier-ignore
    await expect(startWith(first.cert, second.key)).rejects.toMatchObject({ kind: 'invalid', message: /not the key/ });
    await expect(startWith(first.key, first.key)).rejects.toMatchObject({ message: /TLS_CERT is no certificate/ });
    await expect(startWith(first.cert, first.cert)).rejects.toMatchObject({ message: /TLS_KEY is no private key/ });
  });

  it('that ends soon is a warning', async () => {
    const [soon, book] = [await makeCertificate({ days: 5 }), createLogBook()];
    await serve(await lay(soon), book);
    await eventually(() => book.said('is it being renewed?') > 0, { what: 'the warning' });
    expect(book.said('ends in')).toBe(1);
  });
});
