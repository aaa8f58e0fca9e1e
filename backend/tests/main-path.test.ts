/** The main path: pictures land in the inbox, a real model examines them, dashboards hear of it. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect } from '../src/db/index.ts';
import {
  messageSchema,
  type CameraWire,
  type DetectionWire,
  type EventWire,
  type FrameWire,
} from '../src/model/wire.ts';
import { isGapless, readAccount } from './harness/account.ts';
import { createCleanups } from './harness/cleanups.ts';
import { eventually } from './harness/eventually.ts';
import { findMissing, readExpected, type Expected } from './harness/fixtures.ts';
import { dropJunk, junkReasons } from './harness/junk.ts';
import {
  API_KEY,
  createDataDir,
  drop,
  getAll,
  grow,
  listen,
  readSummary,
  startProcess,
  type Listener,
  type NightjarProcess,
} from './harness/nightjar.ts';
import { camerasDir, readStreet } from './harness/pictures.ts';

const ALL_DONE_MS = 90_000;
const PIECES = 4;
/** Small, so that junk is judged soon; longer than the pause between two pieces. */
const SETTLE_MS = 200;
const PAUSE_MS = 25;
/** Longer than any visit, so that its event is one in whatever order its pictures are examined. */
const EVENT_IDLE_S = 12;
const JUNK = Object.keys(junkReasons).length;

const cleanups = createCleanups();
let dataDir: Awaited<ReturnType<typeof createDataDir>>;
let nightjar: NightjarProcess;
let dashboard: Listener;
let expected: Expected;
let inbox: string;

/** Every other picture is renamed into place, the others grow in place; each is taken before the next one comes. */
async function play(): Promise<void> {
  for (const [index, picture] of expected.pictures.entries()) {
    const bytes = await readFile(path.join(camerasDir, picture.path));
    if (index % 2 === 0) await drop(inbox, picture.path, bytes);
    else await grow(inbox, picture.path, { pieces: cut(bytes), pauseMs: PAUSE_MS });
    await eventually(() => !existsSync(path.join(inbox, picture.path)), { what: `${picture.path} taken` });
  }
}

function cut(bytes: Buffer): Buffer[] {
  const step = Math.ceil(bytes.length / PIECES);
  return Array.from({ length: PIECES }, (_, index) => bytes.subarray(index * step, (index + 1) * step));
}

beforeAll(async () => {
  expected = await readExpected();
  dataDir = await createDataDir();
  cleanups.add(dataDir.remove);
  inbox = path.join(dataDir.path, 'inbox');
  nightjar = await startProcess(dataDir.path, { SETTLE_MS: `${SETTLE_MS}`, EVENT_IDLE_S: `${EVENT_IDLE_S}` });
  cleanups.add(() => nightjar.kill('SIGKILL'));
  dashboard = await listen(nightjar.url);
  await dropJunk(inbox, 'junk', await readStreet());
  await play();
  await eventually(
    async () => {
      const { frames, events } = await readSummary(nightjar);
      const isExamined = frames.by_state.done + frames.by_state.dead >= expected.pictures.length + JUNK;
      return isExamined && events.by_state.open + events.by_state.closed === 0;
    },
    { withinMs: ALL_DONE_MS, what: 'every frame examined and every event analyzed' },
  );
}, ALL_DONE_MS * 2);

afterAll(cleanups.run);

const readFrames = () => getAll<FrameWire>(nightjar, '/api/frames?state=done');
const fetchPicture = async (route: string) => {
  const response = await fetch(`${nightjar.url}${route}`, { headers: { 'x-api-key': API_KEY } });
  return { type: response.headers.get('content-type'), bytes: Buffer.from(await response.arrayBuffer()) };
};
const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

const toSpan = (event: EventWire) => [event.started_at, event.ended_at, event.frame_count];

/** The fixture that a frame came from. */
async function toFixture(frame: FrameWire) {
  const cameras = await getAll<CameraWire>(nightjar, '/api/cameras');
  const folder = cameras.find(({ id }) => id === frame.camera_id)?.folder;
  return expected.pictures.find((picture) => picture.path === `${folder ?? ''}/${frame.source_name}`);
}

describe('the example cameras', () => {
  it('are cameras, named after their folders', async () => {
    const cameras = await getAll<CameraWire>(nightjar, '/api/cameras');
    expect(cameras.map(({ id, folder }) => [id, folder]).sort()).toEqual([
      ['front_door', 'Front Door'],
      ['garage', 'garage'],
      ['junk', 'junk'],
      ['living_room', 'Living Room'],
      ['plaza', 'plaza'],
    ]);
  });

  it('have every picture examined once, with the time of its name', async () => {
    const frames = await readFrames();
    const seen = await Promise.all(
      frames.map(async ({ camera_id, captured_at, width, height, attempts, ...frame }) => {
        const fixture = await toFixture({ camera_id, captured_at, width, height, attempts, ...frame });
        expect(frame.sha256).toBe(sha256(await readFile(path.join(camerasDir, fixture?.path ?? ''))));
        return { path: fixture?.path, camera_id, captured_at, width, height, attempts };
      }),
    );
    const wanted = expected.pictures.map(({ path, camera_id, captured_at, width, height }) => ({
      ...{ path, camera_id, captured_at, width, height },
      attempts: 1,
    }));
    const byPath = (a: { path?: string | undefined }, b: { path?: string | undefined }) =>
      (a.path ?? '') < (b.path ?? '') ? -1 : 1;
    expect(seen.sort(byPath)).toEqual(wanted.sort(byPath));
  });

  it('show what is expected of them, inside the picture', async () => {
    const detections = await getAll<DetectionWire>(nightjar, '/api/detections');
    for (const frame of await readFrames()) {
      const fixture = await toFixture(frame);
      const own = detections.filter(({ frame_id }) => frame_id === frame.id);
      expect(findMissing(fixture?.detections ?? [], own, expected), frame.source_name).toEqual([]);
      for (const { bbox } of own) {
        expect(bbox.x + bbox.width).toBeLessThanOrEqual(frame.width ?? 0);
        expect(bbox.y + bbox.height).toBeLessThanOrEqual(frame.height ?? 0);
      }
      if (['front_door', 'plaza'].includes(frame.camera_id)) expect(own.map(({ label }) => label)).toContain('person');
    }
    expect(new Set(detections.map(({ model }) => model))).toEqual(new Set([expected.model]));
  });

  it('have their detections in events, all analyzed, with a level by the bands', async () => {
    const events = await getAll<EventWire>(nightjar, '/api/events');
    expect(new Set(events.map(({ camera_id }) => camera_id))).toEqual(
      new Set(['front_door', 'garage', 'living_room', 'plaza']),
    );
    for (const { state, risk_score: score, risk_level: level, summary } of events) {
      expect(state).toBe('analyzed');
      expect(level).toBe(score <= 29 ? 'low' : score <= 59 ? 'medium' : score <= 84 ? 'high' : 'critical');
      expect(summary).not.toBe('');
    }
    // Two visits to the plaza, minutes apart, are two events; the morning at the front door is none of the afternoon.
    expect(events.filter(({ camera_id }) => camera_id === 'plaza').map(toSpan)).toEqual([
      ['2024-06-10T22:51:10.000Z', '2024-06-10T22:51:15.000Z', 6],
      ['2024-06-10T22:48:10.000Z', '2024-06-10T22:48:17.000Z', 8],
    ]);
    expect(events.filter(({ camera_id }) => camera_id === 'front_door').map(toSpan)).toEqual([
      ['2024-06-10T14:30:00.250Z', '2024-06-10T14:30:11.250Z', 12],
      ['2024-06-10T08:15:02.000Z', '2024-06-10T08:15:02.000Z', 1],
    ]);
  });

  it('are told to a dashboard: gapless, each message as the contract has it', async () => {
    const sql = connect({ socketDir: path.join(dataDir.path, 'run'), database: 'nightjar' }, { max: 1 });
    const account = await readAccount(sql).finally(() => sql.end());
    expect(account).toMatchObject({ duplicates: 0, doubled: 0, untold: 0, eventFaults: 0 });
    await eventually(() => dashboard.messages.length >= account.head, { what: 'every message' });
    expect(isGapless(dashboard.messages)).toBe(true);
    for (const message of dashboard.messages) expect(messageSchema.parse(message)).toEqual(message);
    const told = dashboard.messages.flatMap(({ type, data }) => (type === 'detection.created' ? data.detections : []));
    const kept = await getAll<DetectionWire>(nightjar, '/api/detections');
    const byId = (a: DetectionWire, b: DetectionWire) => (a.id < b.id ? -1 : 1);
    expect(told.sort(byId)).toEqual(kept.sort(byId));
  });

  it('give their pictures: as they came, drawn on, and small', async () => {
    for (const frame of await readFrames()) {
      const original = await fetchPicture(`/api/frames/${frame.id}/image`);
      expect(original.type).toBe(frame.media_type);
      expect(sha256(original.bytes)).toBe(frame.sha256);
    }
    const [frame] = await getAll<FrameWire>(nightjar, '/api/frames?camera_id=plaza');
    const drawn = await fetchPicture(`/api/frames/${frame?.id ?? ''}/image?annotated=true`);
    expect(drawn.type).toBe('image/jpeg');
    expect(await sharp(drawn.bytes).metadata()).toMatchObject({ format: 'jpeg', width: 768, height: 576 });
    const small = await fetchPicture(`/api/frames/${frame?.id ?? ''}/image?width=320`);
    expect(await sharp(small.bytes).metadata()).toMatchObject({ format: 'jpeg', width: 320, height: 240 });
    expect((await fetchPicture('/api/cameras/garage/snapshot')).type).toBe('image/jpeg');
    expect(sha256((await fetchPicture('/api/cameras/plaza/snapshot')).bytes)).toBe(frame?.sha256);
  });
});

describe('junk among the pictures', () => {
  it('becomes dead letters, each with its reason, and does not stop the line', async () => {
    const dead = await getAll<FrameWire>(nightjar, '/api/frames?state=dead');
    expect(dead.map(({ source_name }) => source_name).sort()).toEqual(Object.keys(junkReasons).sort());
    for (const { source_name, error, camera_id } of dead) {
      expect(camera_id).toBe('junk');
      expect(error?.kind).toBe('invalid');
      expect(error?.message).toMatch(junkReasons[source_name] ?? /^$/);
    }
    const told = dashboard.messages.filter(({ type }) => type === 'frame.dead');
    expect(told).toHaveLength(JUNK);
  });
});

it('takes everything out of the inbox but what it never opened', async () => {
  const entries = await readdir(inbox, { recursive: true, withFileTypes: true });
  const left = entries.filter((entry) => !entry.isDirectory()).map(({ name }) => name);
  expect(left.sort()).toEqual(['fifo.jpg', 'link.jpg']);
});
