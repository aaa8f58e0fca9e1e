/** What the tests of this folder share: one database, its API, and APIs for whoever has another key. */
import { createAuthenticator, type ApiOptions } from '../index.ts';
import { systemClock } from '../../lib/clock.ts';
import { newId } from '../../lib/id.ts';
import type { TestDatabase } from '../../../tests/harness/database.ts';
import { seedTime } from '../tests/seed.ts';
import { TEST_KEY } from '../tests/test-api.ts';

interface Holder {
  readonly role: 'admin' | 'viewer' | 'ingest';
  readonly cameraIds: readonly string[] | null;
}

/** Whoever asks is this one. */
export const heldBy = (holder: Holder): Pick<ApiOptions, 'authenticator'> => ({
  authenticator: {
    ...createAuthenticator({ adminApiKey: TEST_KEY, clock: systemClock }),
    authenticateRequest: async () => ({
      ...holder,
      by: 'key',
      sessionId: null,
      expiresAt: null,
      keyId: 'k',
      name: 'a limited key',
    }),
  },
});

interface SeedZone {
  readonly kind?: 'watch' | 'ignore';
  readonly labels?: readonly string[];
  readonly enabled?: boolean;
}

export async function seedZone(
  db: TestDatabase,
  cameraId: string,
  { kind = 'watch', labels = [], enabled = true }: SeedZone = {},
): Promise<string> {
  const id = newId();
  await db.query((sql) => sql`
    insert into zones (id, camera_id, name, kind, polygon, labels, enabled)
    values (${id}, ${cameraId}, 'Gate', ${kind}, '[[0,0],[1,0],[1,1]]', ${[...labels]}::text[], ${enabled})`); // prettier-ignore
  return id;
}

export async function seedChannel(db: TestDatabase): Promise<string> {
  const id = newId();
  await db.query((sql) => sql`insert into channels (id, name, kind, settings) values (${id}, 'Bell', 'ntfy', '{}')`);
  return id;
}

export interface SeedAlert {
  readonly eventId: string;
  readonly frameId: string;
  readonly cameraId: string;
  readonly second: number;
  readonly ruleId?: string;
  readonly riskLevel?: 'low' | 'medium' | 'high' | 'critical';
  readonly acknowledged?: boolean;
}

export async function seedAlert(db: TestDatabase, alert: SeedAlert): Promise<string> {
  const [id, at, acknowledgedAt] = [newId(), seedTime(alert.second), alert.acknowledged ? seedTime(99) : null];
  await db.query((sql) => sql`
    insert into alerts (id, rule_id, rule_name, event_id, camera_id, frame_id, captured_at, created_at, label, score, zone_ids,
      risk_score, risk_level, summary, acknowledged_at, acknowledged_by)
    values (${id}, ${alert.ruleId ?? null}, 'People', ${alert.eventId}, ${alert.cameraId}, ${alert.frameId}, ${at}, ${at}, 'person',
      0.9, '{}', 40, ${alert.riskLevel ?? 'medium'}, 'A person.', ${acknowledgedAt}, ${acknowledgedAt && 'me'})`); // prettier-ignore
  return id;
}
