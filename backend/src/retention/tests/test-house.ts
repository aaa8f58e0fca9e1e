/** A database and a media store with real rows and files, made old at will. */
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createTestDatabase, type TestDatabase } from '../../../tests/harness/database.ts';
import { systemClock as clock } from '../../lib/clock.ts';
import { newId } from '../../lib/id.ts';
import { silentLog as log } from '../../lib/log.ts';
import { createDiskStore, type MediaStore } from '../../media/index.ts';
import { createRetention, type Retention, type RetentionOptions } from '../index.ts';

const MINUTE_MS = 60_000;
export const DAY_MS = 86_400_000;

export interface TestHouse {
  readonly db: TestDatabase;
  readonly media: MediaStore;
  /** Of the media store. */
  readonly root: string;
  readonly inbox: string;
  addFrame(frame?: NewFrame): Promise<Added>;
  addFrames(count: number, toFrame?: (n: number) => NewFrame): Promise<readonly Added[]>;
  addEvent(event?: NewEvent): Promise<string>;
  addClip(clip?: { readonly ageDays?: number; readonly state?: string }): Promise<Added>;
  /** Without a loop of its own: `runOnce` is all it does. */
  createRetention(options?: Partial<RetentionOptions>): Retention;
  count(
    table: 'frames' | 'events' | 'detections' | 'analyses' | 'clips' | 'media_removals' | 'inbox_files',
  ): Promise<number>;
  /** Media paths of all files, sorted. */
  files(): Promise<readonly string[]>;
  /** Rows whose file is not there, and files that no row speaks of. */
  faults(): Promise<readonly string[]>;
  close(): Promise<void>;
}

export interface Added {
  readonly id: string;
  readonly mediaPath: string;
  readonly bytes: Buffer;
}

export interface NewFrame {
  readonly ageDays?: number;
  readonly state?: 'pending' | 'done' | 'dead';
  readonly eventId?: string;
  readonly clipId?: string;
  readonly offsetMs?: number;
  readonly bytes?: Buffer;
  /** What the row says of its size, if not the truth. */
  readonly bytesSaid?: number;
}

export interface NewEvent {
  readonly ageDays?: number;
  readonly state?: 'open' | 'closed' | 'analyzed';
  readonly reviewed?: boolean;
  readonly isDue?: boolean;
  readonly frames?: number;
}

const CAMERA = 'yard';

export async function createTestHouse(): Promise<TestHouse> {
  const db = await createTestDatabase();
  const folder = await mkdtemp(path.join(tmpdir(), 'nightjar-retention-'));
  const [root, inbox] = [path.join(folder, 'media'), path.join(folder, 'inbox')];
  await mkdir(inbox);
  const media = await createDiskStore({ root, log });
  await db.query((sql) => sql`insert into cameras (id, name, folder) values (${CAMERA}, 'Yard', 'Yard')`);
  const toTime = (ageDays: number): Date => new Date(Date.now() - ageDays * DAY_MS);

  async function store(bytes: Buffer, extension: string, modifiedAt: Date) {
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    // Written plainly: that the store's own writes are durable is tested there, and takes its time.
    const mediaPath = `${CAMERA}/${sha256.slice(0, 2)}/${sha256}.${extension}`;
    await mkdir(path.dirname(path.join(root, mediaPath)), { recursive: true });
    await writeFile(path.join(root, mediaPath), bytes);
    await utimes(path.join(root, mediaPath), modifiedAt, modifiedAt);
    return { sha256, mediaPath };
  }

  async function addFrame(frame: NewFrame = {}): Promise<Added> {
    const { ageDays = 40, state = 'done', eventId = null, clipId = null, bytes = Buffer.from(randomUUID()) } = frame;
    const [id, at] = [newId(), toTime(ageDays)];
    const { sha256, mediaPath } = await store(bytes, 'jpg', at);
    const isDead = state === 'dead';
    await db.query(
      (sql) => sql`
        insert into frames (id, camera_id, state, source_name, sha256, media_type, media_path, width, height, bytes,
          captured_at, received_at, processed_at, error_kind, error_message, event_id, clip_id, clip_offset_ms)
        values (${id}, ${CAMERA}, ${state}, 'a.jpg', ${sha256}, 'image/jpeg', ${mediaPath}, 8, 8,
          ${frame.bytesSaid ?? bytes.length}, ${at}, ${at}, ${state === 'pending' ? null : at}, ${isDead ? 'invalid' : null},
          ${isDead ? 'no picture' : null}, ${eventId}, ${clipId}, ${clipId === null ? null : (frame.offsetMs ?? 0)})`,
    );
    return { id, mediaPath, bytes };
  }

  async function addEvent(event: NewEvent = {}): Promise<string> {
    const { ageDays = 40, state = 'analyzed', reviewed = false, isDue = false, frames = 2 } = event;
    const [id, at] = [newId(), toTime(ageDays)];
    const added = await Promise.all(
      Array.from({ length: frames }, async () => (await addFrame({ ageDays, eventId: id })).id),
    );
    await db.transaction(async (tx) => {
      await tx`
        insert into events (id, camera_id, state, started_at, ended_at, last_received_at, labels, detection_count,
          frame_count, best_frame_id, best_score, risk_score, risk_level, summary, reasoning, analyzer, reviewed, analysis_due_at)
        values (${id}, ${CAMERA}, ${state}, ${at}, ${at}, ${at}, '{"person": 1}', ${frames}, ${frames}, ${added[0] ?? ''},
          0.9, 20, 'low', 'A person.', 'One label.', 'rules', ${reviewed}, ${isDue ? at : null})`;
      for (const frameId of added)
        await tx`
          insert into detections (id, frame_id, event_id, camera_id, label, score, x, y, width, height, captured_at, model)
          values (${newId()}, ${frameId}, ${id}, ${CAMERA}, 'person', 0.9, 1, 1, 2, 2, ${at}, 'm')`;
      await tx`
        insert into analyses (id, event_id, requested_at, finished_at, analyzer, outcome, risk_score, duration_ms)
        values (${newId()}, ${id}, ${at}, ${at}, 'rules', 'ok', 20, 1)`;
    });
    return id;
  }

  async function addClip({ ageDays = 40, state = 'done' } = {}): Promise<Added> {
    const [id, at, bytes] = [newId(), toTime(ageDays), Buffer.from(`clip ${randomUUID()}`)];
    const { sha256, mediaPath } = await store(bytes, 'mp4', at);
    await db.query(
      (sql) => sql`
        insert into clips (id, camera_id, state, source_name, sha256, media_type, media_path, bytes, captured_at,
          captured_from, received_at, processed_at)
        values (${id}, ${CAMERA}, ${state}, 'a.mp4', ${sha256}, 'video/mp4', ${mediaPath}, ${bytes.length}, ${at},
          'modified', ${at}, ${state === 'pending' ? null : at})`,
    );
    return { id, mediaPath, bytes };
  }

  async function files(): Promise<readonly string[]> {
    const found: string[] = [];
    for await (const { mediaPath } of media.list()) found.push(mediaPath);
    return found.sort();
  }

  return {
    db,
    media,
    root,
    inbox,
    addFrame,
    addFrames: (count, toFrame = () => ({})) =>
      Promise.all(Array.from({ length: count }, (_, n) => addFrame(toFrame(n)))),
    addEvent,
    addClip,
    createRetention: (options = {}) =>
      createRetention({
        ...{ db, inbox, clock, log, isIdle: true, ageMaxMs: 30 * DAY_MS, freeMinBytes: 0 },
        ...{ removeMedia: media.remove, freeBytes: media.freeBytes },
        ...options,
      }),
    async count(table) {
      const [row] = await db.query((sql) => sql<{ count: number }[]>`select count(*) from ${sql(table)}`);
      return row?.count ?? -1;
    },
    files,
    async faults() {
      const rows = await db.query(
        (sql) => sql<{ mediaPath: string }[]>`
          select media_path from frames where media_path is not null
          union select media_path from clips where media_path is not null`,
      );
      const [said, there] = [new Set(rows.map(({ mediaPath }) => mediaPath)), new Set(await files())];
      return [
        ...[...said].filter((one) => !there.has(one)).map((one) => `no file: ${one}`),
        ...[...there].filter((one) => !said.has(one)).map((one) => `no row: ${one}`),
      ];
    },
    async close() {
      await db.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Damages a stored file; it keeps its times. */
export async function spoil(house: TestHouse, mediaPath: string, content: string | Buffer): Promise<void> {
  const at = new Date(Date.now() - 60 * MINUTE_MS);
  await writeFile(path.join(house.root, mediaPath), content);
  await utimes(path.join(house.root, mediaPath), at, at);
}

export const listAside = async (house: TestHouse): Promise<readonly string[]> => {
  const entries = await readdir(path.join(house.root, '.aside'), { recursive: true, withFileTypes: true }).catch(
    () => [],
  );
  return entries.filter((entry) => entry.isFile()).map(({ name }) => name).sort(); // prettier-ignore
};
