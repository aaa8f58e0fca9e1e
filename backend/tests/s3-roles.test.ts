/** Machines that share nothing but PostgreSQL and a bucket: pictures come in at one, are examined and served by another. */
import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createCleanups } from './harness/cleanups.ts';
import { createTestDatabase, type TestDatabase } from './harness/database.ts';
import { eventually } from './harness/eventually.ts';
import { API_KEY, createDataDir, drop, runCli, startProcess, untilDone, type NightjarProcess } from './harness/nightjar.ts'; // prettier-ignore
import { startRtdetr, type RtdetrStandin } from './standins/rtdetr-server.ts';
import { startS3Gate, type S3Gate } from './standins/s3-gate.ts';
import { S3_BUCKET, s3Credentials, startS3Server } from './standins/s3-server.ts';
import { drawScene, expectedOf } from './standins/scene.ts';

const cleanups = createCleanups();
let db: TestDatabase;
let gate: S3Gate;
let detector: RtdetrStandin;
let env: Record<string, string>;
let dirs: { ingest: string; rest: string };
let inbox: string;
let ingest: NightjarProcess;
let rest: NightjarProcess;

async function openDir(): Promise<string> {
  const dir = await createDataDir();
  cleanups.add(dir.remove);
  return dir.path;
}

async function start(dataDir: string, roles: string): Promise<NightjarProcess> {
  const started = await startProcess(dataDir, { ...env, ROLES: roles });
  cleanups.add(() => started.kill('SIGKILL'));
  return started;
}

beforeAll(async () => {
  db = await createTestDatabase();
  cleanups.add(db.close);
  const s3 = await startS3Server();
  cleanups.add(s3.close);
  gate = await startS3Gate(s3.endpoint);
  cleanups.add(gate.close);
  detector = await startRtdetr();
  cleanups.add(() => detector.kill());
  env = {
    DATABASE_URL: db.url,
    DETECTORS: `remote:${detector.url}`,
    MEDIA_URL: `s3://${S3_BUCKET}/house?endpoint=${gate.endpoint}`,
    S3_ACCESS_KEY_ID: s3Credentials.accessKeyId,
    S3_SECRET_ACCESS_KEY: s3Credentials.secretAccessKey,
  };
  dirs = { ingest: await openDir(), rest: await openDir() };
  inbox = path.join(dirs.ingest, 'inbox');
  [ingest, rest] = await Promise.all([start(dirs.ingest, 'ingest'), start(dirs.rest, 'detect,analyze,api')]);
});

afterAll(cleanups.run);

interface Frame {
  readonly id: string;
  readonly sha256: string;
  readonly state: string;
}

const readFrames = async (): Promise<readonly Frame[]> =>
  (await rest.get<{ items: Frame[] }>('/api/frames?limit=200')).items;

const fetchImage = (id: string, query = '', headers: Record<string, string> = {}): Promise<Response> =>
  fetch(`${rest.url}/api/frames/${id}/image${query}`, { headers: { 'x-api-key': API_KEY, ...headers } });

it('serves from the bucket what came in elsewhere: whole, in part and with boxes', async () => {
  const pictures = new Map<string, Buffer>();
  for (let number = 0; number < 20; number += 1) {
    const bytes = await drawScene(number);
    pictures.set(createHash('sha256').update(bytes).digest('hex'), bytes);
    await drop(inbox, `gate/20240610_1200${String(number).padStart(2, '0')}.jpg`, bytes);
  }
  await untilDone(rest, 20);
  const frames = await readFrames();
  expect(frames.map(({ sha256 }) => sha256).toSorted()).toEqual([...pictures.keys()].toSorted());
  for (const { id, sha256 } of frames.slice(0, 5)) {
    const bytes = pictures.get(sha256) ?? Buffer.alloc(0);
    expect(Buffer.from(await (await fetchImage(id)).arrayBuffer())).toEqual(bytes);
    const part = await fetchImage(id, '', { range: 'bytes=100-199' });
    expect([part.status, part.headers.get('content-range')]).toEqual([206, `bytes 100-199/${bytes.length}`]);
    expect(Buffer.from(await part.arrayBuffer())).toEqual(bytes.subarray(100, 200));
    const annotated = await fetchImage(id, '?annotated=true');
    expect((await sharp(Buffer.from(await annotated.arrayBuffer())).metadata()).format).toBe('jpeg');
  }
  const found = await db.query((sql) => sql<{ count: number }[]>`select count(*) from detections`);
  const expected = Array.from({ length: 20 }, (_, number) => expectedOf(number).length).reduce((a, b) => a + b);
  expect(found[0]?.count).toBe(expected);
});

it('keeps no media on either machine', async () => {
  for (const dir of Object.values(dirs)) {
    const names = await readdir(dir);
    expect(names).not.toContain('media');
    expect(await readdir(path.join(dir, 'media-copies'))).toEqual([]);
  }
});

it('loses nothing while the bucket is away: pictures wait, and are examined when it is back', async () => {
  gate.fail('slow-down');
  await drop(inbox, 'gate/20240610_130000.jpg', await drawScene(100));
  await eventually(() => /file waits|media store/.test(ingest.log()), { withinMs: 20_000, what: 'the outage told' });
  expect((await readdir(path.join(inbox, 'gate'))).filter((name) => name.endsWith('.jpg'))).toHaveLength(1);
  gate.fail('none');
  await untilDone(rest, 21);
  await eventually(async () => (await readdir(path.join(inbox, 'gate'))).length === 0, { what: 'an empty inbox' });
});

it('tries again when a picture cannot be fetched for its examination', async () => {
  gate.fail('forbidden', /^GET/, 2);
  await drop(inbox, 'gate/20240610_130001.jpg', await drawScene(101));
  await untilDone(rest, 22);
});

it('tells at the start what is wrong with the place', async () => {
  const cwd = await openDir();
  const wrongSetting = await runCli(['serve'], {
    cwd,
    env: { ...env, DATA_DIR: cwd, MEDIA_URL: 's3://nightjar?regoin=eu' },
  });
  expect([wrongSetting.code, wrongSetting.stderr]).toEqual([2, expect.stringMatching(/MEDIA_URL.*regoin/)]);
  const noBucket = await runCli(['serve'], {
    cwd,
    env: { ...env, DATA_DIR: cwd, MEDIA_URL: `s3://nobodys?endpoint=${gate.endpoint}` },
  });
  expect([noBucket.code, noBucket.stderr]).toEqual([1, expect.stringMatching(/no bucket nobodys/)]);
  expect(noBucket.stderr).not.toContain(s3Credentials.secretAccessKey);
  const doctor = (mediaUrl: string) => runCli(['doctor'], { cwd, env: { ...env, DATA_DIR: cwd, MEDIA_URL: mediaUrl } });
  const [well, amiss] = [await doctor(`s3://${S3_BUCKET}?endpoint=${gate.endpoint}`), await doctor(`s3://nobodys?endpoint=${gate.endpoint}`)]; // prettier-ignore
  expect(well.stdout).toMatch(/│ ok │ media store +│ s3:.* answers/);
  expect(amiss.stdout).toMatch(/│ !! │ media store +│ .*no bucket nobodys/);
});

it('breaks no rule of the detector, and ends cleanly', async () => {
  expect(detector.breaches).toEqual([]);
  expect(await Promise.all([ingest.kill('SIGTERM'), rest.kill('SIGTERM')])).toEqual([0, 0]);
});
