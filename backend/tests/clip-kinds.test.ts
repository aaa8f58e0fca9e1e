/** Clips of every kind that cameras drop: found by their content, cut into frames, examined, served. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ClipWire, DetectionWire, FrameWire } from '../src/model/wire.ts';
import { createCleanups } from './harness/cleanups.ts';
import { createTestDatabase } from './harness/database.ts';
import { eventually } from './harness/eventually.ts';
import { filmKinds, makeFilm, toFilmFile, type FilmKind } from './harness/films.ts';
import {
  API_KEY,
  createDataDir,
  drop,
  getAll,
  listen,
  startProcess,
  type Listener,
  type NightjarProcess,
} from './harness/nightjar.ts';
import { readStreet } from './harness/pictures.ts';

const SECONDS = 5;
const LONG_SECONDS = 16;
/** Of the short films one every two seconds; the long one would give more than it may. */
const FRAMES_MAX = 4;
const settings = { CLIP_FRAME_INTERVAL_S: '2', CLIP_FRAMES_MAX: `${FRAMES_MAX}`, SETTLE_MS: '300' };
const WITHIN_MS = 90_000;

const kinds = Object.keys(filmKinds) as FilmKind[];
const mediaTypes: Readonly<Record<FilmKind, string>> = {
  mp4: 'video/mp4',
  mov: 'video/quicktime',
  mkv: 'video/x-matroska',
  ts: 'video/mp2t',
  h264: 'video/h264',
  h265: 'video/h265',
  avi: 'video/x-msvideo',
};

const cleanups = createCleanups();
let inbox: string;
let films: string;
let nightjar: NightjarProcess;
let dashboard: Listener;

const readClips = (): Promise<ClipWire[]> => getAll<ClipWire>(nightjar, '/api/clips');
const readFilm = (kind: FilmKind): Promise<Buffer> => readFile(toFilmFile(films, kind, SECONDS));
const filesOf = (camera: string): Promise<string[]> => readdir(path.join(inbox, camera));

/** Waits until the clip of this camera is cut and all its frames are examined. */
async function untilExamined(cameraId: string): Promise<{ clip: ClipWire; frames: FrameWire[] }> {
  return eventually(
    async () => {
      const clip = (await readClips()).find(({ camera_id }) => camera_id === cameraId);
      if (clip?.state !== 'done') return undefined;
      const frames = await getAll<FrameWire>(nightjar, `/api/clips/${clip.id}/frames`);
      return frames.every(({ state }) => state === 'done') ? { clip, frames: frames.reverse() } : undefined;
    },
    { withinMs: WITHIN_MS, what: `the clip of ${cameraId} to be examined` },
  );
}

beforeAll(async () => {
  const db = await createTestDatabase();
  cleanups.add(db.close);
  const dataDir = await createDataDir();
  cleanups.add(dataDir.remove);
  inbox = path.join(dataDir.path, 'inbox');
  films = await mkdtemp(path.join(tmpdir(), 'nightjar-films-'));
  cleanups.add(() => rm(films, { recursive: true, force: true }));
  nightjar = await startProcess(dataDir.path, { DATABASE_URL: db.url, ...settings });
  cleanups.add(() => nightjar.kill('SIGKILL'));
  dashboard = await listen(nightjar.url);
  cleanups.add(() => dashboard.close());
  for (const kind of kinds)
    await drop(inbox, `cam-${kind}/20240610_120000.${kind}`, await makeFilm(films, kind, SECONDS));
  await drop(inbox, 'cam-long/20240610_130000.mp4', await makeFilm(films, 'mp4', LONG_SECONDS));
}, WITHIN_MS);
afterAll(cleanups.run);

describe('a clip', () => {
  it.each(kinds)('becomes frames with times of their own, and is served: %s', async (kind) => {
    const film = await readFilm(kind);
    const { clip, frames } = await untilExamined(`cam-${kind}`);
    expect(clip).toMatchObject({
      source_name: `20240610_120000.${kind}`,
      media_type: mediaTypes[kind],
      bytes: film.length,
      captured_at: '2024-06-10T12:00:00.000Z',
      captured_from: 'name',
      frames_planned: 3,
      attempts: 1,
      error: null,
      width: 768,
      height: 576,
    });
    expect(frames.map(({ clip_offset_ms, captured_at }) => [clip_offset_ms, captured_at])).toEqual([
      [0, '2024-06-10T12:00:00.000Z'],
      [2_000, '2024-06-10T12:00:02.000Z'],
      [4_000, '2024-06-10T12:00:04.000Z'],
    ]);
    for (const frame of frames)
      expect(frame).toMatchObject({ clip_id: clip.id, media_type: 'image/jpeg', source_name: clip.source_name });
    expect(new Set(frames.map(({ sha256 }) => sha256)).size).toBe(3);
    await expectServed(clip, film);
    expect(await filesOf(`cam-${kind}`)).toEqual([]);
  });

  it('shows what happened in it: people, in one event, each frame told of once', async () => {
    const detections = await getAll<DetectionWire>(nightjar, '/api/detections?camera_id=cam-mp4&label=person');
    expect(new Set(detections.map(({ captured_at }) => captured_at)).size).toBe(3);
    expect(new Set(detections.map(({ event_id }) => event_id)).size).toBe(1);
    const told = () =>
      dashboard.messages.flatMap(({ type, data }) =>
        type === 'detection.created' && data.frame.camera_id === 'cam-mp4' ? [data.frame.clip_offset_ms] : [],
      );
    await eventually(() => told().length >= 3, { what: 'the messages' });
    expect(told().sort()).toEqual([0, 2_000, 4_000]);
  });

  it('that is long gives as many frames as it may, evenly spread', async () => {
    const { clip, frames } = await untilExamined('cam-long');
    // The last picture stands a 25th of a second before the end.
    const lastMs = LONG_SECONDS * 1_000 - 40;
    expect([clip.frames_planned, clip.duration_ms]).toEqual([FRAMES_MAX, lastMs]);
    const offsets = [0, 1, 2, 3].map((place) => Math.round((place * lastMs) / 3));
    expect(frames.map(({ clip_offset_ms }) => clip_offset_ms)).toEqual(offsets);
  });

  it('is known by its content: a film named as a picture, a picture named as a film, the same film again', async () => {
    const film = await readFilm('mkv');
    await drop(inbox, 'names/20240610_120000.jpg', film);
    await drop(inbox, 'names/20240610_120001.mp4', await readStreet());
    const { clip } = await untilExamined('names');
    await drop(inbox, 'names/20240610_120002.mkv', film);
    await eventually(async () => (await filesOf('names')).length === 0, { withinMs: WITHIN_MS, what: 'an empty folder' }); // prettier-ignore
    expect((await readClips()).filter(({ camera_id }) => camera_id === 'names')).toEqual([clip]);
    const frames = await getAll<FrameWire>(nightjar, '/api/frames?camera_id=names');
    expect(frames.filter(({ clip_id }) => clip_id === null)).toMatchObject([{ media_type: 'image/jpeg' }]);
    expect(frames.filter(({ clip_id }) => clip_id === clip.id)).toHaveLength(3);
  });

  it('that only looks like one is a dead letter with its reason, told of, and holds up nobody', async () => {
    const film = await readFilm('mp4');
    await drop(inbox, 'broken/20240610_120000.mp4', emptyIndex(film));
    await drop(inbox, 'after/20240610_120000.mp4', film);
    await untilExamined('after');
    const dead = await eventually(
      async () => (await readClips()).find(({ camera_id, state }) => camera_id === 'broken' && state === 'dead'),
      { withinMs: WITHIN_MS, what: 'the dead letter' },
    );
    expect(dead.error).toMatchObject({ kind: 'invalid' });
    await eventually(() => dashboard.messages.some(({ type, data }) => type === 'clip.dead' && data.id === dead.id));
    expect(await filesOf('broken')).toEqual([]);
  });
});

/** The outer structure stands, and its index, which comes last, tells nothing. */
function emptyIndex(film: Buffer): Buffer {
  const at = film.lastIndexOf('moov') + 'moov'.length;
  return Buffer.concat([film.subarray(0, at), film.subarray(at).map((byte) => byte ^ 0x55)]);
}

async function expectServed({ id, sha256 }: ClipWire, film: Buffer): Promise<void> {
  const get = (headers: Record<string, string> = {}) =>
    fetch(`${nightjar.url}/api/clips/${id}/video`, { headers: { 'x-api-key': API_KEY, ...headers } });
  const whole = await get();
  expect([whole.status, whole.headers.get('etag')]).toEqual([200, `"${sha256}"`]);
  expect(Buffer.from(await whole.arrayBuffer()).equals(film)).toBe(true);
  const part = await get({ Range: 'bytes=1000-1999' });
  expect([part.status, part.headers.get('content-range')]).toEqual([206, `bytes 1000-1999/${film.length}`]);
  expect(Buffer.from(await part.arrayBuffer()).equals(film.subarray(1_000, 2_000))).toBe(true);
}
