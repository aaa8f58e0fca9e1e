/** Rows for the tests of this room, by plain SQL: real ids, and times a second apart. */
import { createHash } from 'node:crypto';
import type { Database } from '../../db/index.ts';
import { newId } from '../../lib/id.ts';

export const SEED_START_MS = Date.parse('2025-06-01T12:00:00.000Z');
export const seedTime = (second: number): Date => new Date(SEED_START_MS + second * 1_000);

export async function seedCamera(db: Database, id: string, createdAt: Date = seedTime(0)): Promise<void> {
  await db.query(
    (sql) => sql`insert into cameras (id, name, folder, created_at) values (${id}, ${id}, ${id}, ${createdAt})`,
  );
}

export interface SeedFrame {
  readonly cameraId: string;
  readonly capturedAt: Date;
  readonly state?: 'pending' | 'leased' | 'done' | 'dead';
  readonly sha256?: string;
  readonly mediaType?: string;
  readonly mediaPath?: string;
  readonly clip?: { readonly id: string; readonly offsetMs: number };
}

export async function seedFrame(db: Database, frame: SeedFrame): Promise<string> {
  const id = newId();
  const { cameraId, capturedAt, state = 'done', mediaType = 'image/jpeg' } = frame;
  const sha256 = frame.sha256 ?? createHash('sha256').update(id).digest('hex');
  const mediaPath = frame.mediaPath ?? `${cameraId}/${sha256}`;
  const finished = state === 'done' || state === 'dead' ? capturedAt : null;
  const dead = state === 'dead' ? { kind: 'invalid', message: 'not a picture' } : { kind: null, message: null };
  const lease = state === 'leased' ? { owner: 7, until: seedTime(60) } : { owner: null, until: null };
  await db.query(
    (sql) => sql`
      insert into frames (id, camera_id, state, source_name, sha256, media_type, media_path, width, height, bytes,
        captured_at, received_at, processed_at, error_kind, error_message, lease_owner, lease_expires_at, clip_id, clip_offset_ms)
      values (${id}, ${cameraId}, ${state}, 'a.jpg', ${sha256}, ${mediaType}, ${mediaPath}, 640, 480, 1000,
        ${capturedAt}, ${capturedAt}, ${finished}, ${dead.kind}, ${dead.message}, ${lease.owner}, ${lease.until},
        ${frame.clip?.id ?? null}, ${frame.clip?.offsetMs ?? null})`,
  );
  return id;
}

export interface SeedClip {
  readonly cameraId: string;
  readonly capturedAt: Date;
  readonly state?: 'pending' | 'leased' | 'done' | 'dead';
  readonly sha256?: string;
  readonly mediaType?: string;
  readonly mediaPath?: string | null;
}

export async function seedClip(db: Database, clip: SeedClip): Promise<string> {
  const id = newId();
  const { cameraId, capturedAt, state = 'done', mediaType = 'video/mp4' } = clip;
  const sha256 = clip.sha256 ?? createHash('sha256').update(id).digest('hex');
  const mediaPath = clip.mediaPath === undefined ? `${cameraId}/${sha256}` : clip.mediaPath;
  const finished = state === 'done' || state === 'dead' ? capturedAt : null;
  const dead = state === 'dead' ? { kind: 'invalid', message: 'not a film' } : { kind: null, message: null };
  const lease = state === 'leased' ? { owner: 7, until: seedTime(60) } : { owner: null, until: null };
  await db.query(
    (sql) => sql`
      insert into clips (id, camera_id, state, source_name, sha256, media_type, media_path, bytes, captured_at,
        captured_from, received_at, processed_at, error_kind, error_message, lease_owner, lease_expires_at)
      values (${id}, ${cameraId}, ${state}, 'a.mp4', ${sha256}, ${mediaType}, ${mediaPath}, 1000, ${capturedAt},
        'name', ${capturedAt}, ${finished}, ${dead.kind}, ${dead.message}, ${lease.owner}, ${lease.until})`,
  );
  return id;
}

export interface SeedEvent {
  readonly cameraId: string;
  readonly bestFrameId: string;
  readonly startedAt: Date;
  readonly state?: 'open' | 'closed' | 'analyzed';
  readonly riskLevel?: 'low' | 'medium' | 'high' | 'critical';
  readonly labels?: Readonly<Record<string, number>>;
  readonly reviewed?: boolean;
}

export async function seedEvent(db: Database, event: SeedEvent): Promise<string> {
  const id = newId();
  const { cameraId, bestFrameId, startedAt, state = 'closed', riskLevel = 'low', reviewed = false } = event;
  await db.query(
    (sql) => sql`
      insert into events (id, camera_id, state, started_at, ended_at, last_received_at, labels, detection_count,
        frame_count, best_frame_id, best_score, risk_score, risk_level, summary, reasoning, analyzer, reviewed)
      values (${id}, ${cameraId}, ${state}, ${startedAt}, ${startedAt}, ${startedAt}, ${sql.json(event.labels ?? { person: 1 })},
        1, 1, ${bestFrameId}, 0.9, 20, ${riskLevel}, 'A person.', 'One label.', 'rules', ${reviewed})`,
  );
  return id;
}

export interface SeedDetection {
  readonly frameId: string;
  readonly eventId: string;
  readonly cameraId: string;
  readonly capturedAt: Date;
  readonly label?: string;
  readonly score?: number;
}

export async function seedDetection(db: Database, detection: SeedDetection): Promise<string> {
  const id = newId();
  const { frameId, eventId, cameraId, capturedAt, label = 'person', score = 0.9 } = detection;
  await db.query(
    (sql) => sql`
      insert into detections (id, frame_id, event_id, camera_id, label, score, x, y, width, height, captured_at, model)
      values (${id}, ${frameId}, ${eventId}, ${cameraId}, ${label}, ${score}, 10, 20, 30, 40, ${capturedAt}, 'centernet-mbv3')`,
  );
  await db.query((sql) => sql`update frames set event_id = ${eventId} where id = ${frameId}`);
  return id;
}
