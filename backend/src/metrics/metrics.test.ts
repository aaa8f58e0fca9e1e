import { describe, expect, it } from 'vitest';
import type { NewMessage } from '../model/index.ts';
import { createMeters } from './index.ts';

const open = () => createMeters({ version: '1.2.3', mediaFreeMinBytes: 2048, watchesProcess: false });
const linesOf = async (meters: ReturnType<typeof open>): Promise<readonly string[]> =>
  (await meters.read()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));

/** As far as it is looked at. */
const said = (type: NewMessage['type'], data: object): NewMessage => ({ type, data }) as NewMessage;

describe('meters', () => {
  it('tell of every family from the start, and of what runs', async () => {
    const meters = open();
    expect(await meters.read()).toContain('# TYPE nightjar_frames_dead_total counter');
    expect(await linesOf(meters)).toContain(
      `nightjar_build_info{version="1.2.3",node_version="${process.versions.node}"} 1`,
    );
    expect(await linesOf(meters)).toContain('nightjar_media_free_min_bytes 2048');
  });

  it('share nothing', async () => {
    const [one, other] = [open(), open()];
    one.attemptFailed('unavailable');
    expect(await linesOf(one)).toContain('nightjar_frame_attempts_failed_total{kind="unavailable"} 1');
    expect(await linesOf(other)).not.toContain('nightjar_frame_attempts_failed_total{kind="unavailable"} 1');
  });

  it('count what the messages of committed transactions tell', async () => {
    const meters = open();
    const detection = (label: string, suppressed_by: string | null = null) => ({ label, suppressed_by });
    const event = { camera_id: 'gate', risk_level: 'high', analyzer: 'llm' };
    const dead = { camera_id: 'gate', error: { kind: 'invalid' } };
    meters.told([
      said('detection.created', { detections: [detection('person'), detection('car', 'stationary')] }),
      said('event.opened', event),
      said('event.updated', event),
      said('event.closed', event),
      said('event.analyzed', event),
      said('alert.created', event),
      said('frame.dead', dead),
      said('frame.dead', dead),
      said('clip.dead', dead),
    ]);
    expect(await linesOf(meters)).toEqual(
      expect.arrayContaining([
        'nightjar_detections_total{label="person"} 1',
        'nightjar_detections_total{label="car"} 1',
        'nightjar_detections_suppressed_total{reason="stationary"} 1',
        'nightjar_events_opened_total{camera="gate"} 1',
        'nightjar_events_closed_total{camera="gate",risk_level="high"} 1',
        'nightjar_events_analyzed_total{analyzer="llm",risk_level="high"} 1',
        'nightjar_alerts_total{risk_level="high"} 1',
        'nightjar_frames_dead_total{camera="gate",kind="invalid"} 2',
        'nightjar_clips_dead_total{camera="gate",kind="invalid"} 1',
        'nightjar_messages_total{type="event.updated"} 1',
      ]),
    );
  });

  it('do not grow with what people, models and clients name', async () => {
    const meters = open();
    for (let n = 0; n < 2_000; n += 1) {
      meters.ingested(`camera_${n}`, 'picture');
      meters.told([said('detection.created', { detections: [{ label: `thing ${n}`, suppressed_by: null }] })]);
      meters.request({ method: `M${n}`, route: 'none', status: 404, durationMs: 1 });
      meters.socket.closed(3_000 + (n % 900));
    }
    const lines = await linesOf(meters);
    expect(lines.length).toBeLessThan(1_000);
    expect(lines).toContain('nightjar_frames_ingested_total{camera="other",source="picture"} 1500');
    expect(lines).toContain('nightjar_detections_total{label="other"} 1800');
    expect(lines).toContain('nightjar_http_requests_total{method="other",route="none",status="404"} 2000');
    expect(lines).toContain('nightjar_socket_closes_total{code="other"} 2000');
  });

  it('bear a clock that steps back', async () => {
    const meters = open();
    meters.done({ cameraId: 'gate', receivedAt: new Date(10_000) }, 9_000);
    meters.stage('infer', -1);
    expect(await linesOf(meters)).toContain('nightjar_frame_latency_seconds_sum 0');
  });

  it('see what the database does as long as it does', async () => {
    const meters = open();
    const end = meters.databaseUse('reads');
    expect(await linesOf(meters)).toContain('nightjar_database_uses_in_flight{pool="reads"} 1');
    end('unavailable');
    expect(await linesOf(meters)).toEqual(
      expect.arrayContaining([
        'nightjar_database_uses_in_flight{pool="reads"} 0',
        'nightjar_database_use_duration_seconds_count{pool="reads"} 1',
        'nightjar_database_failures_total{pool="reads",kind="unavailable"} 1',
      ]),
    );
  });
});
