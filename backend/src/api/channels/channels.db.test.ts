import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createCleanups } from '../../../tests/harness/cleanups.ts';
import { createTestDatabase, type TestDatabase } from '../../../tests/harness/database.ts';
import { newId } from '../../lib/id.ts';
import { webhookStored } from '../../model/channel.ts';
import { startTestApi, type TestApi } from '../tests/test-api.ts';
import type { ChannelTest } from '../options.ts';

const cleanups = createCleanups();
let db: TestDatabase;
let api: TestApi;
let tested: ChannelTest | undefined;

beforeEach(async () => {
  db = await createTestDatabase();
  cleanups.add(() => db.close());
  tested = undefined;
  api = await startTestApi(db, { testChannel: () => Promise.resolve(tested) });
  cleanups.add(() => api.close());
});
afterEach(cleanups.run);

interface Channel {
  readonly id: string;
  readonly kind: string;
  readonly settings: Record<string, unknown>;
  readonly secret?: string | null;
  readonly last_error: { readonly message: string } | null;
  readonly last_delivered_at: string | null;
}

const settings = {
  webhook: { url: 'https://hooks.example/x' },
  email: { host: 'mail.example', user: 'me', password: 'hush-mail', from: 'a@b.example', to: ['c@d.example'] },
  ntfy: { topic: 'garden', token: 'tk_hush-ntfy' },
  mqtt: { url: 'mqtts://broker.example', user: 'me', password: 'hush-mqtt' },
};

async function create(kind: keyof typeof settings, more: object = {}): Promise<Channel> {
  const response = await api.sendJson('POST', '/api/channels', { name: `my ${kind}`, kind, settings: { ...settings[kind], ...more } }); // prettier-ignore
  expect(response.status).toBe(201);
  return (await response.json()) as Channel;
}

const patch = (id: string, body: object) => api.sendJson('PATCH', `/api/channels/${id}`, body);
const readStored = async (id: string) =>
  (await db.query((sql) => sql<{ settings: Record<string, unknown> }[]>`select settings from channels where id = ${id}`))[0]?.settings; // prettier-ignore
const readAudit = () => db.query((sql) => sql<{ action: string; before: unknown; after: unknown }[]>`select action, before, after from audit order by at`); // prettier-ignore

describe('channels', () => {
  it('of each kind are made with defaults, and never give a secret back', async () => {
    for (const kind of ['webhook', 'email', 'ntfy', 'mqtt'] as const) await create(kind);
    const { items } = (await api.get('/api/channels')) as { items: Channel[] };
    expect(items.map(({ kind, settings: shown }) => [kind, shown])).toEqual([
      ['mqtt', { url: 'mqtts://broker.example', user: 'me', password: { set: true }, base_topic: 'nightjar', discovery_prefix: 'homeassistant', ca: null }], // prettier-ignore
      ['ntfy', { server: 'https://ntfy.sh', topic: 'garden', token: { set: true }, user: null, password: { set: false }, ca: null }], // prettier-ignore
      ['email', { host: 'mail.example', port: 587, encryption: 'starttls', user: 'me', password: { set: true }, from: 'a@b.example', to: ['c@d.example'], ca: null }], // prettier-ignore
      ['webhook', { url: 'https://hooks.example/x', ca: null, secret: { set: true }, previous_secrets: [] }], // prettier-ignore
    ]);
    const [first] = items;
    expect(await api.get(`/api/channels/${first?.id}`)).toEqual(first);
    const told = JSON.stringify([items, await readAudit()]);
    expect(told).not.toMatch(/hush|whsec_/);
    expect((await readAudit()).map(({ action }) => action)).toEqual(Array(4).fill('channel.created'));
  });

  it.each([
    ['webhook', { url: 'ftp://hooks.example' }],
    ['webhook', { url: 'http://user:pw@hooks.example' }],
    ['webhook', { url: 'http://hooks.example:22' }],
    ['webhook', { url: 'http://hooks.example/\r\nX: y' }],
    ['webhook', { secret: 'whsec_mine' }],
    ['email', { to: ['a@b.example\r\nBcc: x@y.example'] }],
    ['email', { encryption: 'none' }],
    ['email', { port: 22 }],
    ['email', { password: null }],
    ['email', { host: 'a b' }],
    ['ntfy', { topic: '../x' }],
    ['ntfy', { server: 'https://ntfy.sh/path' }],
    ['ntfy', { user: 'me', password: 'pw' }],
    ['mqtt', { base_topic: 'a/#' }],
    ['mqtt', { base_topic: '$SYS' }],
    ['mqtt', { url: 'mqtt://b.example/x' }],
    ['mqtt', { ca: 'no certificate' }],
  ] as const)('of kind %s refuse %j', async (kind, wrong) => {
    const response = await api.sendJson('POST', '/api/channels', { name: 'a', kind, settings: { ...settings[kind], ...wrong } }); // prettier-ignore
    expect(response.status).toBe(400);
    expect(await db.query((sql) => sql`select from channels`)).toHaveLength(0);
  });

  it('change in part; a secret that is left out stays', async () => {
    const { id } = await create('mqtt');
    const changed = await patch(id, { name: 'broker', enabled: false, settings: { base_topic: 'home/cams' } });
    expect(await changed.json()).toMatchObject({ name: 'broker', enabled: false, settings: { base_topic: 'home/cams', password: { set: true } } }); // prettier-ignore
    expect(await readStored(id)).toMatchObject({ base_topic: 'home/cams', password: 'hush-mqtt' });
    expect((await patch(id, { settings: { base_topic: '#' } })).status).toBe(400);
    expect((await patch(id, { settings: { nonsense: 1 } })).status).toBe(400);
    expect((await patch(id, {})).status).toBe(400);
    expect(await readAudit()).toMatchObject([{}, { action: 'channel.updated', before: { name: 'my mqtt' }, after: { name: 'broker' } }]); // prettier-ignore
  });

  it('send their secret to no other server than the one that it was given for', async () => {
    const { id } = await create('email');
    const moved = await patch(id, { settings: { host: 'evil.example' } });
    expect(moved.status).toBe(400);
    expect(await moved.json()).toMatchObject({ errors: [{ path: 'body.settings.password' }] });
    expect((await patch(id, { settings: { host: 'new.example', password: 'other' } })).status).toBe(200);
    expect(await readStored(id)).toMatchObject({ host: 'new.example', password: 'other' });
  });

  it('of webhooks show their secret once, and get another that the one of before stands beside', async () => {
    const { id, secret } = await create('webhook');
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    const rotated = await api.sendJson('POST', `/api/channels/${id}/rotate-secret`, {});
    const { secret: next } = (await rotated.json()) as Channel;
    expect(next).not.toBe(secret);
    const stored = webhookStored.parse(await readStored(id));
    expect(stored).toMatchObject({ secret: next, previous_secrets: [{ secret }] });
    expect(Date.parse(stored.previous_secrets[0]?.until ?? '')).toBeGreaterThan(Date.now() + 23 * 3_600_000);
    expect(await api.get(`/api/channels/${id}`)).toMatchObject({ settings: { previous_secrets: [{ set: true, until: stored.previous_secrets[0]?.until }] } }); // prettier-ignore
    await patch(id, { settings: { url: 'https://hooks.example/y' } });
    expect(await readStored(id)).toMatchObject({ secret: next, url: 'https://hooks.example/y' });
    expect((await api.sendJson('POST', `/api/channels/${(await create('ntfy')).id}/rotate-secret`, {})).status).toBe(
      409,
    );
    expect(JSON.stringify(await readAudit())).not.toContain('whsec_');
  });

  it('of webhooks may be rotated again when the answer was lost: the secret that the receiver has signs on, so many times', async () => {
    const { id, secret } = await create('webhook');
    const rotate = () => api.sendJson('POST', `/api/channels/${id}/rotate-secret`, {});
    const first = webhookStored.parse(await rotate().then(() => readStored(id)));
    const second = webhookStored.parse(await rotate().then(() => readStored(id)));
    expect(second.previous_secrets).toEqual([{ secret: first.secret, until: expect.any(String) as string }, ...first.previous_secrets]); // prettier-ignore
    expect(second.previous_secrets.at(-1)?.secret).toBe(secret);
    for (let count = 2; count < 5; count += 1) expect((await rotate()).status).toBe(200);
    const refused = await rotate();
    expect([refused.status, await refused.text()]).toEqual([409, expect.stringContaining('wait until')]);
    const over = webhookStored
      .parse(await readStored(id))
      .previous_secrets.map((one) => ({ ...one, until: '2025-01-01T00:00:00.000Z' }));
    await db.query((sql) => sql`update channels set settings = settings || ${JSON.stringify({ previous_secrets: over })}::text::jsonb`); // prettier-ignore
    expect((await rotate()).status).toBe(200);
    expect(webhookStored.parse(await readStored(id)).previous_secrets).toHaveLength(1);
  });

  it('of MQTT have topics of their own at a broker', async () => {
    const { id } = await create('mqtt', { base_topic: 'home/cams' });
    const add = (more: object) =>
      api.sendJson('POST', '/api/channels', { name: 'b', kind: 'mqtt', settings: { ...settings.mqtt, ...more } });
    for (const more of [
      { base_topic: 'home/cams' },
      { base_topic: 'home_cams' },
      { base_topic: 'home/cams', url: 'mqtt://BROKER.example:1884' },
    ]) {
      // prettier-ignore
      const refused = await add(more);
      expect(refused.status).toBe(409);
      expect(await refused.text()).toContain('the channel \\"my mqtt\\" has the base topic home/cams');
    }
    expect((await add({ base_topic: 'home/cams', url: 'mqtt://other.example' })).status).toBe(201);
    const other = (await (await add({ base_topic: 'home/yard' })).json()) as Channel;
    expect((await patch(other.id, { settings: { base_topic: 'home/cams' } })).status).toBe(409);
    expect((await patch(id, { enabled: false, settings: { base_topic: 'home/cams' } })).status).toBe(200);
    expect((await patch(other.id, { settings: { base_topic: 'home/cams' } })).status).toBe(409);
    const both = await Promise.all([add({ base_topic: 'x' }), add({ base_topic: 'x' })]);
    expect(both.map(({ status }) => status).toSorted()).toEqual([201, 409]);
  });

  it('go, with what waits', async () => {
    const { id } = await create('webhook');
    await seedDelivery(id, 'pending', 0);
    expect((await api.send(`/api/channels/${id}`, { method: 'DELETE' })).status).toBe(204);
    expect((await api.send(`/api/channels/${id}`)).status).toBe(404);
    expect((await api.send(`/api/channels/${id}`, { method: 'DELETE' })).status).toBe(404);
    expect(await db.query((sql) => sql`select from deliveries`)).toHaveLength(0);
  });

  it('are as many as there may be', async () => {
    await db.query((sql) => sql`insert into channels (id, name, kind, settings) select gen_random_uuid(), 'x', 'webhook', '{}' from generate_series(1, 100)`); // prettier-ignore
    const response = await api.sendJson('POST', '/api/channels', { name: 'a', kind: 'ntfy', settings: settings.ntfy });
    expect(response.status).toBe(409);
  });
});

async function seedDelivery(channelId: string, state: 'pending' | 'done' | 'dead', minute: number): Promise<string> {
  const id = newId();
  const at = new Date(Date.UTC(2025, 5, 1, 12, minute));
  const isDone = state === 'done';
  await db.query((sql) => sql`
    insert into deliveries (id, channel_id, payload, state, created_at, available_at, attempts, delivered_at, response, error_kind, error_message)
    values (${id}, ${channelId}, '{}', ${state}, ${at}, ${at}, 10, ${isDone ? at : null}, ${isDone ? 'HTTP 200' : null},
      ${isDone ? null : 'unavailable'}, ${isDone ? null : 'HTTP 500'})`); // prettier-ignore
  return id;
}

describe('deliveries', () => {
  it('are listed newest first, page by page, by state', async () => {
    const { id } = await create('webhook');
    const ids = [];
    for (let minute = 0; minute < 3; minute += 1)
      ids.push(await seedDelivery(id, minute === 1 ? 'done' : 'dead', minute));
    const path = `/api/channels/${id}/deliveries`;
    type Page = { items: { id: string; state: string }[]; next_cursor: string | null };
    const first = (await api.get(`${path}?limit=2`)) as Page;
    expect(first.items.map((item) => item.id)).toEqual([ids[2], ids[1]]);
    const second = (await api.get(`${path}?limit=2&cursor=${first.next_cursor}`)) as Page;
    expect(second.items).toMatchObject([{ id: ids[0], state: 'dead', alert_id: null, next_attempt_at: null, error: { kind: 'unavailable', message: 'HTTP 500' } }]); // prettier-ignore
    const done = (await api.get(`${path}?state=done`)) as Page;
    expect(done.items).toMatchObject([{ id: ids[1], response: 'HTTP 200', error: null, delivered_at: '2025-06-01T12:01:00.000Z' }]); // prettier-ignore
    expect((await api.send(`/api/channels/${newId()}/deliveries`)).status).toBe(404);
  });

  it('show how a channel is: what last arrived, and what went wrong since', async () => {
    const { id } = await create('webhook');
    await seedDelivery(id, 'done', 1);
    await seedDelivery(id, 'dead', 2);
    expect(await api.get(`/api/channels/${id}`)).toMatchObject({ last_delivered_at: '2025-06-01T12:01:00.000Z', last_error: { kind: 'unavailable', message: 'HTTP 500', at: '2025-06-01T12:02:00.000Z' } }); // prettier-ignore
    await seedDelivery(id, 'done', 3);
    const { items } = (await api.get('/api/channels')) as { items: Channel[] };
    expect(items).toMatchObject([{ last_delivered_at: '2025-06-01T12:03:00.000Z', last_error: null }]);
    await db.query(
      (sql) =>
        sql`update channels set away_since = '2025-06-01T12:04:00Z', away_kind = 'unauthorized', away_reason = 'no'`,
    );
    expect(await api.get(`/api/channels/${id}`)).toMatchObject({ last_error: { kind: 'unauthorized', message: 'no', at: '2025-06-01T12:04:00.000Z' } }); // prettier-ignore
  });

  it('that are dead get all their attempts again, others do not', async () => {
    const { id } = await create('webhook');
    const dead = await seedDelivery(id, 'dead', 0);
    const retry = () => api.sendJson('POST', `/api/channels/${id}/deliveries/${dead}/retry`, {});
    const response = await retry();
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ state: 'pending', attempts: 0 });
    expect((await retry()).status).toBe(409);
    expect((await api.sendJson('POST', `/api/channels/${newId()}/deliveries/${dead}/retry`, {})).status).toBe(404);
    expect((await readAudit()).at(-1)).toMatchObject({ action: 'delivery.retried' });
  });

  it('by a test say what became of them', async () => {
    const { id } = await create('webhook');
    tested = { deliveryId: newId(), isDelivered: false, response: null, error: { kind: 'forbidden', message: 'no' }, durationMs: 3 }; // prettier-ignore
    const response = await api.sendJson('POST', `/api/channels/${id}/test`, {});
    expect(await response.json()).toEqual({ delivery_id: tested.deliveryId, delivered: false, response: null, error: tested.error, duration_ms: 3 }); // prettier-ignore
    expect((await readAudit()).at(-1)).toMatchObject({ action: 'channel.tested', after: { delivered: false, error: tested.error } }); // prettier-ignore
    tested = undefined;
    expect((await api.sendJson('POST', `/api/channels/${id}/test`, {})).status).toBe(404);
    expect((await readAudit()).map(({ action }) => action)).toEqual(['channel.created', 'channel.tested']);
  });
});
