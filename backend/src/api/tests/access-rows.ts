/** One camera with everything that a camera can have, every text of it marked: so that it is recognised wherever it comes out. */
import sharp from 'sharp';
import type { Database } from '../../db/index.ts';
import { newId } from '../../lib/id.ts';
import { seedClip, seedDetection, seedEvent, seedFrame, seedTime } from './seed.ts';

/** An id for each noun of the API's paths. */
export type Side = Readonly<Record<'cameras' | 'frames' | 'clips' | 'detections' | 'events' | 'zones' | 'rules' | 'alerts' | 'channels' | 'keys', string>>; // prettier-ignore

export interface SideOptions {
  readonly db: Database;
  readonly media: Map<string, Buffer>;
  /** A word of small letters that is nowhere else. */
  readonly mark: string;
  /** Seconds, so that the newest rows are not always of the same camera. */
  readonly at: number;
}

export async function seedSide({ db, media, mark, at }: SideOptions): Promise<Side> {
  const [cameraId, capturedAt] = [`${mark}-cam`, seedTime(at)];
  const mediaPath = `${cameraId}/${mark}`;
  media.set(mediaPath, await sharp({ create: { width: 640, height: 480, channels: 3, background: 'grey' } }).jpeg().toBuffer()); // prettier-ignore
  await db.query((sql) => sql`
    insert into cameras (id, name, folder, created_at) values (${cameraId}, ${`${mark} name`}, ${`${mark}-folder`}, ${capturedAt})`); // prettier-ignore

  const seen = { cameraId, capturedAt, mediaPath };
  const clips = await seedClip(db, seen);
  const frames = await seedFrame(db, { ...seen, clip: { id: clips, offsetMs: 0 } });
  await seedFrame(db, { cameraId, capturedAt: seedTime(at + 1), state: 'dead' });
  const events = await seedEvent(db, { cameraId, bestFrameId: frames, startedAt: capturedAt, labels: { [`${mark}cat`]: 1 } }); // prettier-ignore
  const detections = await seedDetection(db, { frameId: frames, eventId: events, cameraId, capturedAt, label: `${mark}cat` }); // prettier-ignore
  await markTexts(db, { cameraId, mark, events });

  const [zones, rules, alerts, channels, keys] = [newId(), newId(), newId(), newId(), newId()];
  await db.transaction(async (tx) => {
    await tx`
      insert into zones (id, camera_id, name, kind, polygon, labels)
      values (${zones}, ${cameraId}, ${`${mark} zone`}, 'watch', '[[0,0],[1,0],[1,1]]', '{}')`;
    await tx`
      insert into rules (id, name, labels, camera_ids, zone_ids, score_min, risk_min, cooldown_s, channel_ids)
      values (${rules}, ${`${mark} rule`}, '{}', array[${cameraId}], array[${zones}]::uuid[], 0, 0, 0, '{}')`;
    await tx`
      insert into alerts (id, rule_id, rule_name, event_id, camera_id, frame_id, captured_at, created_at, label, score,
        zone_ids, risk_score, risk_level, summary)
      values (${alerts}, ${rules}, ${`${mark} rule`}, ${events}, ${cameraId}, ${frames}, ${capturedAt}, ${capturedAt},
        ${`${mark}cat`}, 0.9, array[${zones}]::uuid[], 20, 'low', ${`${mark} summary`})`;
    await tx`
      insert into stationary_objects (id, camera_id, label, box, first_seen_at, last_seen_at, sightings)
      values (${newId()}, ${cameraId}, ${`${mark}cat`}, '{"x":0,"y":0,"width":1,"height":1}', ${capturedAt}, ${capturedAt}, 2)`;
    await tx`insert into channels (id, name, kind, settings) values (${channels}, ${`${mark} channel`}, 'ntfy', '{}')`;
    await tx`
      insert into api_keys (id, name, prefix, key_hash, role, camera_ids)
      values (${keys}, ${`${mark} key`}, 'nj_', encode(sha256(${keys}::text::bytea), 'hex'), 'viewer', array[${cameraId}])`;
  });
  return { cameras: cameraId, frames, clips, detections, events, zones, rules, alerts, channels, keys };
}

interface Marked {
  readonly cameraId: string;
  readonly mark: string;
  readonly events: string;
}

async function markTexts(db: Database, { cameraId, mark, events }: Marked): Promise<void> {
  await db.transaction(async (tx) => {
    for (const table of ['frames', 'clips'])
      await tx`
        update ${tx(table)} set source_name = ${`${mark}.bin`},
          error_message = case when state = 'dead' then ${`${mark} is broken`} else error_message end
        where camera_id = ${cameraId}`;
    await tx`
      update events set summary = ${`${mark} summary`}, reasoning = ${`${mark} reasoning`}, notes = ${`${mark} notes`}
      where id = ${events}`;
    await tx`
      insert into analyses (id, event_id, requested_at, finished_at, analyzer, answer, outcome, risk_score, duration_ms)
      values (${newId()}, ${events}, now(), now(), 'rules', ${`${mark} answer`}, 'ok', 20, 1)`;
  });
}
