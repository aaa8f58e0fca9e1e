/**
 * What is retained at a broker, worked out from the database as it is now. Messages of the bus say only that it is time to
 * look: so nothing is stale after an outage of anybody, and nothing depends on having heard everything.
 */
import type { Sql } from '../../db/index.ts';
import { toTime } from '../../model/wire.ts';
import { toConfigs } from './discovery.ts';
import { toStateTopic, type TopicSettings } from './topics.ts';

const SUMMARY_CHARS_MAX = 1_000;

export interface PresentCamera {
  readonly id: string;
  readonly name: string;
  readonly isActive: boolean;
  /** Of its last event; null when there was none. */
  readonly eventId: string | null;
  readonly state: string | null;
  readonly startedAt: Date | null;
  readonly endedAt: Date | null;
  readonly labels: unknown;
  readonly riskScore: number | null;
  readonly riskLevel: string | null;
  readonly summary: string | null;
  /** Of its last alert; null when there was none. */
  readonly alertFrameId: string | null;
}

export const readPresent = (sql: Sql): Promise<readonly PresentCamera[]> => sql<PresentCamera[]>`
  select cameras.id, cameras.name,
    exists (select from events where camera_id = cameras.id and events.state = 'open') as is_active,
    last.id as event_id, last.state, last.started_at, last.ended_at, last.labels, last.risk_score, last.risk_level,
    last.summary, alert.frame_id as alert_frame_id
  from cameras
  left join lateral (
    select * from events where camera_id = cameras.id order by started_at desc, id desc limit 1) as last on true
  left join lateral (
    select frame_id from alerts where camera_id = cameras.id order by created_at desc, id desc limit 1) as alert on true
  where cameras.deleted_at is null order by cameras.id`;

/** What a topic is to hold: text, or the picture of a frame. */
export type Retained = { readonly text: string } | { readonly frameId: string };

export function toRetained(settings: TopicSettings, cameras: readonly PresentCamera[]): ReadonlyMap<string, Retained> {
  const wanted = new Map<string, Retained>();
  for (const camera of cameras) {
    const topic = (name: Parameters<typeof toStateTopic>[2]): string => toStateTopic(settings, camera.id, name);
    for (const [config, text] of toConfigs(settings, camera)) wanted.set(config, { text });
    wanted.set(topic('activity'), { text: camera.isActive ? 'ON' : 'OFF' });
    if (camera.riskScore !== null) {
      wanted.set(topic('risk'), { text: `${camera.riskScore}` });
      wanted.set(topic('attributes'), { text: toAttributes(camera) });
    }
    if (camera.alertFrameId !== null) wanted.set(topic('picture'), { frameId: camera.alertFrameId });
  }
  return wanted;
}

const toAttributes = ({ eventId, state, startedAt, endedAt, labels, riskLevel, summary }: PresentCamera): string =>
  JSON.stringify({
    event_id: eventId,
    state,
    started_at: startedAt && toTime(startedAt),
    ended_at: endedAt && toTime(endedAt),
    labels,
    risk_level: riskLevel,
    summary: summary?.slice(0, SUMMARY_CHARS_MAX),
  });
