/** Uploads that take their time: examined once, whole, and never taken for damaged on the way. */
import { createHash } from 'node:crypto';
import path from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, it } from 'vitest';
import type { FrameWire } from '../src/model/wire.ts';
import { createCleanups } from './harness/cleanups.ts';
import { createTestDatabase } from './harness/database.ts';
import { eventually } from './harness/eventually.ts';
import {
  createDataDir,
  getAll,
  grow,
  listen,
  startProcess,
  type Listener,
  type NightjarProcess,
} from './harness/nightjar.ts';
import { readStreet, withComment } from './harness/pictures.ts';

const TEST_MS = 120_000;

const cleanups = createCleanups();
let dataDir: Awaited<ReturnType<typeof createDataDir>>;
let nightjar: NightjarProcess;
let dashboard: Listener;

beforeAll(async () => {
  const db = await createTestDatabase();
  cleanups.add(db.close);
  dataDir = await createDataDir();
  cleanups.add(dataDir.remove);
  nightjar = await startProcess(dataDir.path, { DATABASE_URL: db.url });
  cleanups.add(() => nightjar.kill('SIGKILL'));
  dashboard = await listen(nightjar.url);
});

afterAll(cleanups.run);

const readFrames = (camera: string) => getAll<FrameWire>(nightjar, `/api/frames?camera_id=${camera}`);

/** A picture with a whole smaller picture inside its header, as cameras put a preview there, and where that one ends. */
async function withPreview(): Promise<{ jpeg: Buffer; previewEnd: number }> {
  const street = await readStreet();
  const preview = await sharp(street).resize(160).jpeg().toBuffer();
  const jpeg = withComment(street, preview);
  return { jpeg, previewEnd: jpeg.indexOf(preview) + preview.length };
}

/** The first piece ends where the preview does: in the end marker of a JPEG, and yet in the middle of the file. */
function cut(jpeg: Buffer, previewEnd: number, pieces: number): Buffer[] {
  const rest = jpeg.subarray(previewEnd);
  const step = Math.ceil(rest.length / (pieces - 1));
  const cuts = Array.from({ length: pieces - 1 }, (_, index) => rest.subarray(index * step, (index + 1) * step));
  return [jpeg.subarray(0, previewEnd), ...cuts];
}

describe('a picture written in place', () => {
  it.concurrent.for([
    { camera: 'brisk', seconds: 3, pieces: 7 },
    { camera: 'slow', seconds: 60, pieces: 11 },
  ])('over $seconds s', { timeout: TEST_MS }, async ({ camera, seconds, pieces }, { expect: check }) => {
    const { jpeg, previewEnd } = await withPreview();
    const all = cut(jpeg, previewEnd, pieces);
    const pauseMs = (seconds * 1_000) / (pieces - 1);
    const name = `${camera}/20240610_120000.jpg`;
    const inbox = path.join(dataDir.path, 'inbox');
    // Up to the end of the last pause, when all but the last piece is there.
    await grow(inbox, name, { pieces: [...all.slice(0, -1), Buffer.alloc(0)], pauseMs });
    check(await readFrames(camera)).toEqual([]);
    await grow(inbox, name, { pieces: all.slice(-1), pauseMs });

    await eventually(async () => (await readFrames(camera))[0]?.state === 'done', { what: 'the picture examined' });
    const frames = await readFrames(camera);
    check(frames).toHaveLength(1);
    check(frames[0]).toMatchObject({
      state: 'done',
      attempts: 1,
      bytes: jpeg.length,
      sha256: createHash('sha256').update(jpeg).digest('hex'),
    });
    const told = () =>
      dashboard.messages.filter(({ type, data }) => type === 'detection.created' && data.frame.camera_id === camera);
    await eventually(() => told().length > 0, { what: 'the message' });
    check(told()).toHaveLength(1);
    check(dashboard.messages.filter(({ type }) => type === 'frame.dead')).toEqual([]);
  });
});
