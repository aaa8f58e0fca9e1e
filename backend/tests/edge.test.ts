/** The edge of the built program: TLS end to end, pictures by HTTP without an inbox, and a log that keeps secrets. */
import { mkdir, writeFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { once } from 'node:events';
import path from 'node:path';
import { afterEach, expect, test } from 'vitest';
import WebSocket from 'ws';
import { toForm, toJpeg } from '../src/api/tests/forms.ts';
import { makeCertificate } from './harness/certificates.ts';
import { createCleanups } from './harness/cleanups.ts';
import { eventually } from './harness/eventually.ts';
import { API_KEY, createDataDir, launch, runCli, startProcess } from './harness/nightjar.ts';
import { freePort } from './harness/redis.ts';

const cleanups = createCleanups();
afterEach(cleanups.run);

async function makeDataDir(): Promise<string> {
  const dir = await createDataDir();
  cleanups.add(dir.remove);
  return dir.path;
}

/** Over TLS, with our certificate as the only one that is believed. */
async function ask(
  url: string,
  ca: Buffer,
  init: { method?: string; headers?: Record<string, string>; body?: Buffer } = {},
) {
  const headers = { 'X-API-Key': API_KEY, ...init.headers };
  const sent = request(url, { ca, method: init.method, headers }).end(init.body);
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return { status: response.statusCode, body: JSON.parse(Buffer.concat(chunks).toString()) as Record<string, unknown> };
}

test(
  'a process with the role api alone takes pictures by HTTPS, tells of them by WSS, and its health can be asked',
  { timeout: 180_000 },
  async () => {
    const dataDir = await makeDataDir();
    const { cert, key } = await makeCertificate();
    const [certFile, keyFile] = [path.join(dataDir, 'cert.pem'), path.join(dataDir, 'key.pem')];
    await mkdir(dataDir, { recursive: true });
    await writeFile(certFile, cert);
    await writeFile(keyFile, key);
    const env = { ROLES: 'api', TLS_CERT: certFile, TLS_KEY: keyFile, PORT: `${await freePort()}` };
    const nightjar = await startProcess(dataDir, env);
    cleanups.add(() => nightjar.kill('SIGTERM'));
    expect(nightjar.url).toMatch(/^https:/);

    const ws = new WebSocket(`${nightjar.url.replace('https', 'wss')}/ws`, { ca: cert, headers: { 'x-api-key': API_KEY } }); // prettier-ignore
    const heard: string[] = [];
    ws.on('message', (data: Buffer) => void heard.push(data.toString()));
    await once(ws, 'open');

    const json = { 'Content-Type': 'application/json' };
    const camera = Buffer.from(JSON.stringify({ id: 'yard', name: 'Yard' }));
    expect((await ask(`${nightjar.url}/api/cameras`, cert, { method: 'POST', headers: json, body: camera })).status).toBe(201); // prettier-ignore
    await eventually(() => heard.some((text) => text.includes('camera.created')), { what: 'the word by WSS' });
    ws.terminate();

    const form = toForm([{ name: 'camera_id', body: 'yard' }, { name: 'file', filename: 'a.jpg', body: await toJpeg() }], 'b'); // prettier-ignore
    const headers = { 'Content-Type': 'multipart/form-data; boundary=b' };
    const sent = await ask(`${nightjar.url}/api/frames`, cert, { method: 'POST', headers, body: form });
    expect(sent).toMatchObject({ status: 202, body: { camera_id: 'yard', state: 'pending' } });
    expect(await ask(`${nightjar.url}/api/system/config`, cert)).toMatchObject({ status: 200, body: { settings: { ROLES: { value: ['api'], source: 'environment' }, ADMIN_API_KEY: { set: true } } } }); // prettier-ignore

    const cliEnv = { DATA_DIR: dataDir, ...env };
    expect(await runCli(['health'], { cwd: dataDir, env: cliEnv })).toMatchObject({ code: 0 });
    expect((await runCli(['doctor'], { cwd: dataDir, env: cliEnv })).stdout).toMatch(/TLS.*cert\.pem, good until/s);
    const wrong = { ...cliEnv, TLS_KEY: certFile };
    const refused = await runCli(['serve'], { cwd: dataDir, env: { ...wrong, DATA_DIR: await makeDataDir() } });
    expect(refused.code).not.toBe(0);
    expect(refused.stderr).toContain('TLS_KEY is no private key');
  },
);

test(
  'the log at its most talkative knows none of the secrets of the configuration, while all that they are for fails',
  { timeout: 180_000 },
  async () => {
    const port = await freePort();
    const away = `127.0.0.1:${port}`;
    const secrets = {
      redis: 'hunter2-of-redis',
      detector: 'hunter2-of-detector',
      llm: 'hunter2-of-llm',
      s3: 'hunter2-of-s3',
    };
    const env = {
      LOG_LEVEL: 'trace',
      REDIS_URL: `redis://:${secrets.redis}@${away}`,
      DETECTORS: `remote:http://${away}`,
      DETECTOR_API_KEY: secrets.detector,
      ANALYZER: 'llm',
      LLM_URL: `http://${away}`,
      LLM_API_KEY: secrets.llm,
    };
    const nightjar = await startProcess(await makeDataDir(), env);
    cleanups.add(() => nightjar.kill('SIGTERM'));
    for (const headers of [{ 'x-api-key': API_KEY }, { authorization: `Bearer ${API_KEY}` }])
      expect((await fetch(`${nightjar.url}/api/frames?api_key=x`, { headers })).status).toBe(400);
    await eventually(() => nightjar.log().includes('Redis away'), { what: 'the word on Redis' });
    const bucket = { MEDIA_URL: `s3://bucket?endpoint=http://${away}`, S3_ACCESS_KEY_ID: 'hunter2-id', S3_SECRET_ACCESS_KEY: secrets.s3 }; // prettier-ignore
    const other = launch(await makeDataDir(), { LOG_LEVEL: 'trace', ...bucket });
    cleanups.add(() => other.kill('SIGKILL'));
    await eventually(() => /bucket|media/i.test(other.log()), { withinMs: 60_000, what: 'the word on the bucket' });
    for (const text of [nightjar.log(), other.log()]) {
      expect(text).not.toContain('hunter2');
      expect(text).not.toContain(API_KEY);
    }
  },
);
