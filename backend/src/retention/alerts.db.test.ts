import { expect, it } from 'vitest';
import { newId } from '../lib/id.ts';
import { createTestHouse } from './tests/test-house.ts';

it('alerts go with their events; what was to be delivered still is', async () => {
  const house = await createTestHouse();
  const { db } = house;
  try {
    const [old, young] = [await house.addEvent(), await house.addEvent({ ageDays: 1 })];
    const [rule, channel] = [newId(), newId()];
    await db.query((sql) => sql`
      insert into rules (id, name, labels, camera_ids, zone_ids, score_min, risk_min, cooldown_s, channel_ids)
      values (${rule}, 'People', '{}', '{}', '{}', 0, 0, 0, ${[channel]}::uuid[])`); // prettier-ignore
    await db.query((sql) => sql`insert into channels (id, name, kind, settings) values (${channel}, 'Bell', 'ntfy', '{}')`); // prettier-ignore
    await db.query((sql) => sql`
      insert into alerts (id, rule_id, rule_name, event_id, camera_id, frame_id, captured_at, created_at, label, score, zone_ids,
        risk_score, risk_level, summary)
      select gen_random_uuid(), ${rule}, 'People', id, camera_id, best_frame_id, started_at, now(), 'person', 0.9, '{}', 20, 'low', ''
      from events`); // prettier-ignore
    await db.query((sql) => sql`
      insert into deliveries (id, channel_id, alert_id, payload, state, created_at)
      select gen_random_uuid(), ${channel}, id, jsonb_build_object('event_id', event_id), 'pending', now() from alerts`); // prettier-ignore
    await house.createRetention().runOnce();
    expect(await db.query((sql) => sql`select event_id from alerts`)).toEqual([{ eventId: young }]);
    const deliveries = await db.query(
      (sql) => sql<{ eventId: string; alertId: string | null }[]>`
        select payload ->> 'event_id' as event_id, alert_id from deliveries`,
    );
    expect(deliveries.find(({ eventId }) => eventId === old)).toEqual({ eventId: old, alertId: null });
    expect(deliveries).toHaveLength(2);
  } finally {
    await house.close();
  }
});
