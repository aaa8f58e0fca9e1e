import { describe, expect, it } from 'vitest';
import { readAfter } from '../../broadcast/index.ts';
import type { Alert } from '../../model/alert.ts';
import { messageSchema } from '../../model/wire.ts';
import { addRule, at, db, lease, openForEachTest, openStore, readAlerts, secondsOf, seen, shoot, toldOf, transact } from './test-alerts.ts'; // prettier-ignore

openForEachTest();

describe('an alert', () => {
  it('is made and told with its event, and shows the strongest detection', async () => {
    const rule = await addRule({ name: 'People', labels: ['person'] });
    await shoot([{ second: 0, objects: [seen('person', 0.6), seen('person', 0.8), seen('car', 0.95)] }]);
    const [alert] = await readAlerts();
    const [event] = await db.query((sql) => sql<{ id: string; bestFrameId: string }[]>`select * from events`);
    expect(alert).toMatchObject({
      ...{ ruleId: rule.id, ruleName: 'People', eventId: event?.id, cameraId: 'yard', frameId: event?.bestFrameId },
      ...{ capturedAt: at(0), label: 'person', score: 0.8, zoneIds: [], riskScore: 56, riskLevel: 'medium' },
      ...{ summary: '2 people and a car at yard, 12:00:00', acknowledgedAt: null },
    });
    const messages = await readAfter(db, 0, 1_000);
    expect(messages.map(({ type }) => type).slice(-3)).toEqual(['detection.created', 'event.opened', 'alert.created']);
    for (const message of messages) expect(messageSchema.safeParse(message).error).toBeUndefined();
    expect(await toldOf('alert.created')).toMatchObject([{ id: alert?.id, rule_name: 'People' }]);
  });

  it('is made once for each rule and event', async () => {
    await addRule();
    await addRule();
    for (const second of [0, 5, 10]) await shoot([{ second }, { second: second + 1 }]);
    expect(secondsOf(await readAlerts())).toEqual([0, 0]);
    await shoot([{ second: 100 }]);
    expect(secondsOf(await readAlerts())).toEqual([0, 0, 100, 100]);
    expect(await toldOf('alert.created')).toHaveLength(4);
  });

  it('waits for a frame that matches', async () => {
    await addRule({ labels: ['dog'] });
    await shoot([{ second: 0 }]);
    expect(await readAlerts()).toEqual([]);
    await shoot([{ second: 5, objects: [seen('person'), seen('dog', 0.5)] }]);
    expect(await readAlerts()).toMatchObject([{ capturedAt: at(5), label: 'dog' }]);
  });

  it('is made of what is examined now, though the clock of whoever made the rule is ahead', async () => {
    await addRule({ createdAt: new Date(Date.now() + 600_000) });
    await shoot([{ second: 0 }]);
    expect(await readAlerts()).toHaveLength(1);
  });

  it('is of an enabled rule, in its schedule', async () => {
    const windows = (days: readonly ('mon' | 'tue')[]) => ({ timeZone: 'Europe/Berlin', windows: [{ days, from: '13:30', until: '14:01' }] }); // prettier-ignore
    await addRule({ name: 'off', enabled: false });
    await addRule({ name: 'another day', schedule: windows(['tue']) });
    await addRule({ name: 'now', schedule: windows(['mon']) });
    await shoot([{ second: 0 }]);
    expect((await readAlerts()).map(({ ruleName }) => ruleName)).toEqual(['now']);
  });

  it('is not there without its event', async () => {
    await addRule();
    const frames = await lease([{ second: 0 }]);
    const broken = openStore({
      transact: (use) =>
        transact(async (tx, say) => {
          await use(tx, say);
          throw new Error('the power went');
        }),
    });
    const examined = frames.map((frame) => ({ frame, objects: [seen('person')], model: 'test' }));
    await expect(Promise.all(examined.map((one) => broken.store(one)))).rejects.toThrow('the power went');
    expect([await readAlerts(), await toldOf('alert.created')]).toEqual([[], []]);
    await Promise.all(examined.map((one) => openStore().store(one)));
    expect([await readAlerts(), await toldOf('alert.created')].map(({ length }) => length)).toEqual([1, 1]);
  });

  it('goes with its event, and stays without its rule', async () => {
    const rule = await addRule({ name: 'Gone' });
    await shoot([{ second: 0 }, { second: 200 }]);
    await db.query((sql) => sql`delete from rules where id = ${rule.id}`);
    expect(await readAlerts()).toMatchObject([{ ruleId: null, ruleName: 'Gone' }, { ruleId: null }]);
    await db.query((sql) => sql`delete from detections`);
    await db.query((sql) => sql`delete from events where started_at = ${at(0)}`);
    expect(secondsOf(await readAlerts())).toEqual([200]);
  });
});

describe('the cool-down', () => {
  it('keeps a rule quiet for a camera, and for no other', async () => {
    await addRule({ cooldownS: 300 });
    await addRule({ cooldownS: 0 });
    for (const second of [0, 100, 300, 599]) await shoot([{ second }, { second: second + 0.5, cameraId: 'door' }]);
    const alerts = await readAlerts();
    const byCamera = (cameraId: string) => secondsOf(alerts.filter((alert) => alert.cameraId === cameraId));
    expect(byCamera('yard')).toEqual([0, 0, 100, 300, 300, 599]);
    expect(byCamera('door')).toEqual([0.5, 0.5, 100.5, 300.5, 300.5, 599.5]);
  });

  it('ends within an event', async () => {
    await addRule({ cooldownS: 60 });
    for (const second of [0, 50, 59.999]) await shoot([{ second }]);
    expect(secondsOf(await readAlerts())).toEqual([0]);
    for (const second of [60, 65, 90, 115]) await shoot([{ second }]);
    expect(secondsOf(await readAlerts())).toEqual([0, 60]);
  });

  it('reaches backwards, for frames that come late', async () => {
    await addRule({ cooldownS: 60 });
    await shoot([{ second: 100 }]);
    await shoot([{ second: 41 }]);
    expect(secondsOf(await readAlerts())).toEqual([100]);
    await shoot([{ second: -50 }]);
    expect(secondsOf(await readAlerts())).toEqual([-50, 100]);
  });

  it('counts within one transaction', async () => {
    await addRule({ cooldownS: 150 });
    await shoot([{ second: 300 }, { second: 0 }, { second: 100 }, { second: 200 }]);
    expect(secondsOf(await readAlerts())).toEqual([0, 200]);
  });

  it('is no trouble at the beginning of time', async () => {
    await addRule({ cooldownS: 604_800 });
    await shoot([{ second: (Date.parse('0001-01-01T00:00:00Z') - at(0).getTime()) / 1_000 }]);
    expect(await readAlerts()).toHaveLength(1);
  });
});

describe('the risk', () => {
  it('that rises with a later frame brings what was seen before it', async () => {
    await addRule({ labels: ['dog'], riskMin: 40 });
    await shoot([{ second: 0, objects: [seen('dog')] }]);
    await shoot([{ second: 5, objects: [seen('dog')] }]);
    expect(await readAlerts()).toEqual([]);
    await shoot([{ second: 10, objects: [seen('person')] }]);
    expect(await readAlerts()).toMatchObject([{ capturedAt: at(0), label: 'dog', riskScore: 40 }]);
  });

  it('of an event in one transaction is that of the whole', async () => {
    await addRule({ labels: ['dog'], riskMin: 40 });
    await shoot([{ second: 0, objects: [seen('dog')] }, { second: 10, objects: [seen('person')] }]); // prettier-ignore
    expect(await readAlerts()).toMatchObject([{ capturedAt: at(0), label: 'dog', riskScore: 40 }]);
  });
});

describe('deliveries', () => {
  it('are asked for in the same transaction, for the channels of the rule', async () => {
    const channelId = 'a2a5bd0f-4b3b-4b6a-8a5c-0d3b1c1f4e11';
    await addRule({ name: 'Quiet' });
    await addRule({ name: 'Loud', channelIds: [channelId] });
    const asked: [Alert, readonly string[], number][] = [];
    const store = openStore({
      enqueue: async (tx, alert, channelIds) => {
        const [row] = await tx<{ count: number }[]>`select count(*) from alerts where id = ${alert.id}`;
        asked.push([alert, channelIds, row?.count ?? 0]);
      },
    });
    await shoot([{ second: 0 }], store);
    const loud = (await readAlerts()).filter(({ ruleName }) => ruleName === 'Loud');
    expect(asked).toEqual([[loud[0], [channelId], 1]]);
  });

  it('that fail leave nothing behind', async () => {
    await addRule({ channelIds: ['a2a5bd0f-4b3b-4b6a-8a5c-0d3b1c1f4e11'] });
    const store = openStore({ enqueue: () => Promise.reject(new Error('no room')) });
    await expect(shoot([{ second: 0 }], store)).rejects.toThrow('no room');
    expect([await readAlerts(), await toldOf('alert.created')]).toEqual([[], []]);
    expect(await db.query((sql) => sql`select state from frames`)).toMatchObject([{ state: 'leased' }]);
  });
});
