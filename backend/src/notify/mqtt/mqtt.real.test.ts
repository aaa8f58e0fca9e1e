/** Against a real mosquitto, with the test as Home Assistant. */
import { describe, expect, it } from 'vitest';
import { createCertificate } from '../../../tests/harness/certificate.ts';
import { eventually } from '../../../tests/harness/eventually.ts';
import { readRetained, startMosquitto, subscribeToAll, type Mosquitto } from '../../../tests/harness/mosquitto.ts';
import { seedCamera, seedEvent, seedFrame, seedTime } from '../../api/tests/seed.ts';
import { systemClock as clock } from '../../lib/clock.ts';
import { silentLog as log } from '../../lib/log.ts';
import { CHANNELS_CHANNEL } from '../../model/channel.ts';
import type { Message } from '../../model/wire.ts';
import { createNotifier, createTester } from '../index.ts';
import { createGuard } from '../guard.ts';
import { cleanups, db, enqueueAlert, openForEachTest, readDeliveries, seedChannel, toSending } from '../test-notify.ts';
import { newId } from '../../lib/id.ts';
import { sendOnce } from './send-once.ts';

openForEachTest();

const JPEG = Buffer.from([0xff, 0xd8, 0xff, 0xe0, 1, 2, 3]);
const ALLOWED = ['127.0.0.0/8'];

async function openBroker(options: Parameters<typeof startMosquitto>[0] = {}): Promise<Mosquitto> {
  const broker = await startMosquitto(options);
  cleanups.add(broker.close);
  return broker;
}

const toSettings = (url: string, more: object = {}) => ({
  ...{ url, user: null, password: null, base_topic: 'nightjar', discovery_prefix: 'homeassistant', ca: null },
  ...more,
});

async function openHome(url: string) {
  const home = await subscribeToAll(url);
  cleanups.add(home.close);
  return home;
}

/** A process with the role `analyze`; its bus is in the hand of the test. */
function openNotifier() {
  const listeners = new Set<(messages: readonly Message[]) => void>();
  const notifier = createNotifier({
    ...{ db, target: db.target, clock, log, allowed: ALLOWED },
    readPicture: () => Promise.resolve(JPEG),
    switchOff: () => Promise.resolve(false),
    subscribe: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  });
  cleanups.add(() => notifier.close());
  return { ...notifier, hint: () => listeners.forEach((tell) => tell([])) };
}

const changed = () => db.query((sql) => sql`select pg_notify(${CHANNELS_CHANNEL}, '')`);

async function openEvent(second: number, state: 'open' | 'closed' = 'open'): Promise<string> {
  const frameId = await seedFrame(db, { cameraId: 'yard', capturedAt: seedTime(second) });
  return seedEvent(db, { cameraId: 'yard', bestFrameId: frameId, startedAt: seedTime(second), state });
}

const CONFIG = 'homeassistant/binary_sensor/nightjar/yard_activity/config';

describe('Home Assistant', () => {
  it('finds a device for each camera, with its entities, and what is the case now', async () => {
    const { url } = await openBroker();
    const home = await openHome(url);
    await openEvent(0);
    await seedChannel('mqtt', toSettings(url));
    openNotifier();
    expect((await home.last('nightjar/status')).toString()).toBe('online');
    expect((await home.last('nightjar/yard/activity')).toString()).toBe('ON');
    expect((await home.last('nightjar/yard/risk')).toString()).toBe('20');
    expect(JSON.parse((await home.last('nightjar/yard/attributes')).toString())).toMatchObject({ risk_level: 'low', labels: { person: 1 } }); // prettier-ignore
    const configs = await Promise.all(
      [CONFIG, 'homeassistant/sensor/nightjar/yard_risk/config', 'homeassistant/event/nightjar/yard_alert/config', 'homeassistant/image/nightjar/yard_picture/config'] // prettier-ignore
        .map(async (topic) => JSON.parse((await home.last(topic)).toString()) as Record<string, unknown>),
    );
    for (const config of configs)
      expect(config).toMatchObject({ availability_topic: 'nightjar/status', device: { identifiers: ['nightjar_yard'], name: 'yard' }, origin: { name: 'Nightjar' } }); // prettier-ignore
    expect(new Set(configs.map(({ unique_id }) => unique_id)).size).toBe(4);
    expect(configs).toMatchObject([
      { state_topic: 'nightjar/yard/activity', device_class: 'motion', payload_on: 'ON', payload_off: 'OFF' },
      { state_topic: 'nightjar/yard/risk', json_attributes_topic: 'nightjar/yard/attributes' },
      { state_topic: 'nightjar/yard/alert', event_types: ['alert'] },
      { image_topic: 'nightjar/yard/picture', content_type: 'image/jpeg' },
    ]);
    expect([...(await readRetained(url)).keys()]).toEqual(expect.arrayContaining([CONFIG, 'nightjar/yard/activity', 'nightjar/status'])); // prettier-ignore
  });

  it('sees events begin and end, and cameras come and go, and leaves nothing behind', async () => {
    const { url } = await openBroker();
    const home = await openHome(url);
    await seedChannel('mqtt', toSettings(url));
    const notifier = openNotifier();
    await home.last('nightjar/yard/activity', (payload) => payload === 'OFF');
    const id = await openEvent(0);
    notifier.hint();
    await home.last('nightjar/yard/activity', (payload) => payload === 'ON');
    await db.query((sql) => sql`update events set state = 'closed', risk_score = 88 where id = ${id}`);
    await seedCamera(db, 'gate');
    notifier.hint();
    await home.last('nightjar/yard/activity', (payload) => payload === 'OFF');
    await home.last('nightjar/yard/risk', (payload) => payload === '88');
    await home.last('nightjar/gate/activity');
    await db.query((sql) => sql`update cameras set deleted_at = now() where id = 'yard'`);
    notifier.hint();
    await home.last(CONFIG, (payload) => payload === '');
    await eventually(async () => ![...(await readRetained(url)).keys()].some((topic) => topic.includes('yard')));
  });

  it('is told again when it starts', async () => {
    const { url } = await openBroker();
    const home = await openHome(url);
    await seedChannel('mqtt', toSettings(url));
    openNotifier();
    await home.last('nightjar/yard/activity');
    const count = () => home.heard.filter(({ topic }) => topic === CONFIG).length;
    const before = count();
    await home.client.publishAsync('homeassistant/status', 'online', { qos: 1 });
    await eventually(() => count() > before, { what: 'discovery again' });
  });

  it('gets alerts as events with their picture, which is not told again to newcomers', async () => {
    const { url } = await openBroker();
    const home = await openHome(url);
    const channel = await seedChannel('mqtt', toSettings(url));
    openNotifier();
    const alert = await enqueueAlert([channel]);
    const payload = JSON.parse((await home.last('nightjar/yard/alert')).toString()) as unknown;
    const [row] = await eventually(async () => {
      const rows = await readDeliveries();
      return rows[0]?.state === 'done' ? rows : undefined;
    });
    expect(payload).toMatchObject({ event_type: 'alert', delivery_id: row?.id, id: alert.id, risk_score: 70, camera_name: 'yard' }); // prettier-ignore
    const shown = home.heard.map(({ topic }) => topic);
    expect(shown.indexOf('nightjar/yard/picture')).toBeLessThan(shown.indexOf('nightjar/yard/alert'));
    const retained = await readRetained(url);
    expect(retained.get('nightjar/yard/picture')).toEqual(JPEG);
    expect(retained.has('nightjar/yard/alert')).toBe(false);
  });
});

describe('a broker', () => {
  it('that comes back empty is told everything anew, and gets the alerts that waited', async () => {
    const first = await openBroker();
    const channel = await seedChannel('mqtt', toSettings(first.url));
    const notifier = openNotifier();
    const before = await subscribeToAll(first.url);
    await before.last('nightjar/yard/activity', (payload) => payload === 'OFF');
    await before.close();
    await first.close();
    await openEvent(0);
    await enqueueAlert([channel]);
    const { url } = await openBroker({ port: first.port });
    const home = await openHome(url);
    notifier.hint();
    await home.last('nightjar/yard/activity', (payload) => payload === 'ON');
    expect((await home.last('nightjar/status')).toString()).toBe('online');
    await home.last(CONFIG);
    // Due at once: the back-off is not the subject.
    await eventually(async () => {
      await db.query((sql) => sql`update deliveries set available_at = now() where state = 'pending'`);
      await db.query((sql) => sql`select pg_notify('nightjar_deliveries', '')`);
      return (await readDeliveries())[0]?.state === 'done';
    }, { withinMs: 20_000, what: 'the delivery' }); // prettier-ignore
    await home.last('nightjar/yard/alert');
  });

  it('that is away says why at its channel, until it is back', async () => {
    const { url, port, close } = await openBroker({ settings: ['allow_anonymous false'] });
    const id = await seedChannel('mqtt', toSettings(url, { user: 'a', password: 'wrong' }));
    openNotifier();
    interface Away { readonly awaySince: Date | null; readonly awayKind: string | null; readonly awayReason: string | null } // prettier-ignore
    const readAway = async () => (await db.query((sql) => sql<Away[]>`select away_since, away_kind, away_reason from channels where id = ${id}`))[0]; // prettier-ignore
    const untilAway = (kind: string | null) => eventually(async () => (await readAway())?.awayKind === kind, { what: `${kind}` }); // prettier-ignore
    await untilAway('unauthorized');
    const first = await readAway();
    await close();
    await untilAway('unavailable');
    expect(await readAway()).toMatchObject({
      awaySince: first?.awaySince,
      awayReason: expect.stringMatching(/./) as string,
    });
    await openBroker({ port });
    await untilAway(null);
    expect(await readAway()).toEqual({ awaySince: null, awayKind: null, awayReason: null });
  });

  it('that does not let us in is told as such', async () => {
    const { url } = await openBroker({ settings: ['allow_anonymous false'] });
    const settings = toSettings(url, { user: 'a', password: 'wrong' });
    await expect(sendOnce(toSending(settings))).rejects.toMatchObject({ kind: 'unauthorized' });
  });

  it('is trusted by its own authority only', async () => {
    const certificate = await createCertificate();
    const { url, encryptedUrl } = await openBroker({ certificate });
    const home = await openHome(url);
    await expect(sendOnce(toSending(toSettings(encryptedUrl)))).rejects.toMatchObject({ kind: 'unavailable' });
    expect(home.heard).toEqual([]);
    await sendOnce(toSending(toSettings(encryptedUrl, { ca: certificate.cert })));
    await home.last('nightjar/yard/alert');
  });

  it('at a private address that is not allowed is not spoken to', async () => {
    const { url } = await openBroker();
    const channel = await seedChannel('mqtt', toSettings(url));
    const refuse = { ...toSending(toSettings(url)), guard: createGuard({ allowed: [] }) };
    await expect(sendOnce(refuse)).rejects.toMatchObject({ kind: 'forbidden' });
    const result = await createTester({ db, clock, newId, allowed: [] })(channel);
    expect(result).toMatchObject({ isDelivered: false, error: { kind: 'forbidden' } });
    const allowed = await createTester({ db, clock, newId, allowed: ALLOWED })(channel);
    expect(allowed).toMatchObject({ isDelivered: true });
  });
});

describe('a channel', () => {
  it('that is deleted leaves nothing at the broker; one that is switched off says offline', async () => {
    const { url } = await openBroker();
    const home = await openHome(url);
    const id = await seedChannel('mqtt', toSettings(url));
    openNotifier();
    await home.last('nightjar/yard/activity');
    await db.query((sql) => sql`update channels set enabled = false where id = ${id}`);
    await changed();
    await home.last('nightjar/status', (payload) => payload === 'offline');
    expect((await readRetained(url)).has(CONFIG)).toBe(true);
    await db.query((sql) => sql`update channels set enabled = true where id = ${id}`);
    await changed();
    await home.last('nightjar/status', (payload) => payload === 'online');
    await eventually(async () => (await readRetained(url)).get('nightjar/status')?.toString() === 'online');
    await db.query((sql) => sql`delete from channels where id = ${id}`);
    await changed();
    await eventually(async () => (await readRetained(url)).size === 0, { what: 'an empty broker' });
  });

  it.each(['deleted', 'moved'])(
    'that is %s while it is switched off leaves nothing, also after a restart',
    async (manner) => {
      const { url } = await openBroker();
      const home = await openHome(url);
      const id = await seedChannel('mqtt', toSettings(url));
      const first = openNotifier();
      await home.last('nightjar/yard/activity');
      await db.query((sql) => sql`update channels set enabled = false where id = ${id}`);
      await changed();
      await home.last('nightjar/status', (payload) => payload === 'offline');
      await first.close();
      expect((await readRetained(url)).has(CONFIG)).toBe(true);
      // A second channel tells that the new process has looked.
      await seedChannel('mqtt', toSettings(url, { base_topic: 'other' }));
      openNotifier();
      await home.last('other/yard/activity');
      if (manner === 'deleted') await db.query((sql) => sql`delete from channels where id = ${id}`);
    else await db.query((sql) => sql`update channels set settings = settings || '{"base_topic":"new"}' where id = ${id}`); // prettier-ignore
      await changed();
      const left = async () => [...(await readRetained(url)).keys()].filter((topic) => /(^|\/)nightjar\//.test(topic));
      await eventually(async () => (await left()).length === 0, { what: 'nothing of the channel' });
      expect((await readRetained(url)).has('homeassistant/sensor/other/yard_risk/config')).toBe(true);
    },
  );

  it('is kept by one process; when that one goes, another goes on', async () => {
    const { url } = await openBroker();
    const home = await openHome(url);
    const channel = await seedChannel('mqtt', toSettings(url));
    const first = openNotifier();
    await home.last('nightjar/yard/activity');
    openNotifier();
    await enqueueAlert([channel]);
    await home.last('nightjar/yard/alert');
    const statuses = () => home.heard.filter(({ topic }) => topic === 'nightjar/status').map(({ payload }) => payload.toString()); // prettier-ignore
    expect(statuses()).toEqual(['online']);
    await first.close();
    await home.last('nightjar/status', (payload) => payload === 'online' && statuses().length === 3);
    expect(statuses()).toEqual(['online', 'offline', 'online']);
  });

  it('forgets cameras that were deleted while nobody was there', async () => {
    const { url } = await openBroker();
    const home = await openHome(url);
    await seedChannel('mqtt', toSettings(url));
    const first = openNotifier();
    await home.last('nightjar/yard/activity');
    await first.close();
    await db.query((sql) => sql`update cameras set deleted_at = now()`);
    openNotifier();
    await eventually(async () => [...(await readRetained(url)).keys()].join() === 'nightjar/status');
  });
});
