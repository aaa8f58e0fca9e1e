import { Webhook } from 'standardwebhooks';
import { describe, expect, it } from 'vitest';
import { eventually } from '../../tests/harness/eventually.ts';
import { freePort } from '../../tests/harness/redis.ts';
import type { Sql } from '../db/index.ts';
import { seedDetection, seedTime } from '../api/tests/seed.ts';
import { systemClock as clock } from '../lib/clock.ts';
import { newId } from '../lib/id.ts';
import { createEnqueue } from './enqueue.ts';
import { createGuard } from './guard.ts';
import { createSenders } from './kinds/index.ts';
import type { Outgoing } from './kinds/kind.ts';
import { ATTEMPTS_MAX, claimDeliveries, markDelivered, reapDeliveries, tidyDeliveries } from './ledger.ts';
import { createPictureReader } from './picture.ts';
import { SendError } from './send-error.ts';
import { createChannelTester } from './tester.ts';
import { db, enqueueAlert, guard, makeDue, openForEachTest, readDeliveries, SECRET, seedAlert, seedChannel, startReceiver, startWorker, webhookTo } from './test-notify.ts'; // prettier-ignore

openForEachTest();

const wishes = { owner: 1, count: 10, perChannel: 2, inHand: new Map<string, number>(), linked: [] };
const claim = (more: object = {}) => db.query((sql) => claimDeliveries(sql, { ...wishes, ...more }));
const untilEnded = (count = 1) =>
  eventually(async () => {
    const rows = await readDeliveries();
    return rows.filter(({ state }) => state === 'done' || state === 'dead').length >= count ? rows : undefined;
  });

const isEnabled = async (id: string) =>
  (await db.query((sql) => sql<{ enabled: boolean }[]>`select enabled from channels where id = ${id}`))[0]?.enabled;

describe('an alert', () => {
  it('arrives signed, whole, and once', async () => {
    const receiver = await startReceiver();
    startWorker();
    const alert = await enqueueAlert([await seedChannel('webhook', webhookTo(receiver.url))], 'https://home.example/');
    const [row] = await untilEnded();
    expect(row).toMatchObject({ state: 'done', attempts: 1, response: 'HTTP 204', errorKind: null });
    expect(receiver.received).toHaveLength(1);
    const [first] = receiver.received;
    if (!first) throw new Error('it has arrived');
    const { headers, body } = first;
    expect(headers['webhook-id']).toBe(row?.id);
    expect(new Webhook(SECRET).verify(body.toString(), headers as Record<string, string>)).toMatchObject({
      type: 'alert.created',
      timestamp: alert.createdAt.toISOString(),
      data: {
        alert: { id: alert.id, rule_name: 'People at night', camera_id: 'yard', risk_score: 70 },
        camera_name: 'yard',
        links: { event: `https://home.example/api/events/${alert.eventId}` },
      },
    });
    const forged = `${body.toString()} `;
    expect(() => new Webhook(SECRET).verify(forged, headers as Record<string, string>)).toThrow();
  });

  it('is on its way with its transaction only, and to channels that are there and switched on', async () => {
    const on = await seedChannel('webhook', webhookTo('http://127.0.0.1:9'));
    const off = await seedChannel('webhook', webhookTo('http://127.0.0.1:9'), { enabled: false });
    const alert = await seedAlert();
    const enqueue = createEnqueue({ newId, publicUrl: undefined });
    const failing = db.transaction(async (tx) => {
      await enqueue(tx, alert, [on]);
      throw new Error('the event failed');
    });
    await expect(failing).rejects.toThrow('the event failed');
    expect(await readDeliveries()).toEqual([]);
    await db.transaction((tx) => enqueue(tx, alert, [on, off, on, newId()]));
    expect(await readDeliveries()).toMatchObject([{ state: 'pending', attempts: 0 }]);
  });

  it('does not fail with a channel that is being deleted', async () => {
    const id = await seedChannel('webhook', webhookTo('http://127.0.0.1:9'));
    const alert = await seedAlert();
    const enqueue = createEnqueue({ newId, publicUrl: undefined });
    let enqueued: Promise<void> | undefined;
    await db.transaction(async (tx) => {
      await tx`delete from channels where id = ${id}`;
      enqueued = db.transaction((other) => enqueue(other, alert, [id]));
      const waits = () => db.query((sql) => sql`select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`); // prettier-ignore
      await eventually(async () => (await waits()).length > 0, { what: 'that it waits for the lock' });
    });
    await enqueued;
    expect(await readDeliveries()).toEqual([]);
  });

  it('is signed with the secrets of before as well, for as long as they count', async () => {
    const receiver = await startReceiver();
    const old = `whsec_${Buffer.alloc(32, 9).toString('base64')}`;
    const older = `whsec_${Buffer.alloc(32, 11).toString('base64')}`;
    const until = (ms: number) => new Date(Date.now() + ms).toISOString();
    const rotated = { previous_secrets: [{ secret: old, until: until(60_000) }, { secret: older, until: until(30_000) }] }; // prettier-ignore
    const over = {
      previous_secrets: [
        { secret: old, until: until(-1) },
        { secret: older, until: until(-1) },
      ],
    };
    startWorker();
    await enqueueAlert([await seedChannel('webhook', webhookTo(`${receiver.url}/new`, rotated))]);
    await enqueueAlert([await seedChannel('webhook', webhookTo(`${receiver.url}/over`, over))]);
    await untilEnded(2);
    for (const { path, body, headers } of receiver.received) {
      const verify = (secret: string) => new Webhook(secret).verify(body.toString(), headers as Record<string, string>);
      expect(verify(SECRET)).toBeTruthy();
      for (const before of [old, older])
        if (path === '/new') expect(verify(before)).toBeTruthy();
        else expect(() => verify(before)).toThrow();
    }
  });
});

describe('what goes wrong', () => {
  it('is tried again where waiting may heal it, not before the other side wants it, under the same id', async () => {
    let status = 503;
    const receiver = await startReceiver((_, response) => void response.writeHead(status, { 'Retry-After': '600' }).end('busy')); // prettier-ignore
    const worker = startWorker();
    await enqueueAlert([await seedChannel('webhook', webhookTo(receiver.url))]);
    const failed = await eventually(async () => (await readDeliveries()).find(({ errorKind }) => errorKind !== null));
    expect(failed).toMatchObject({
      state: 'pending',
      attempts: 1,
      errorKind: 'overloaded',
      errorMessage: 'HTTP 503: busy',
    });
    expect(failed.availableAt.getTime()).toBeGreaterThan(Date.now() + 590_000);
    status = 200;
    await makeDue();
    worker.wake();
    expect(await untilEnded()).toMatchObject([
      { state: 'done', attempts: 2, errorKind: null, response: 'HTTP 200: busy' },
    ]);
    const ids = receiver.received.map(({ headers }) => headers['webhook-id']);
    expect(ids).toEqual([failed.id, failed.id]);
  });

  it('keeps of several recipients who has it already', async () => {
    const told: (readonly string[])[] = [];
    const send = ({ outgoing }: { readonly outgoing: Outgoing }) => {
      told.push(outgoing.takenBy);
      if (told.length > 1) return Promise.resolve('250 OK');
      return Promise.reject(new SendError('unavailable', 'not for b', { takenBy: ['a@home.example'] }));
    };
    const id = await seedChannel('mqtt', { url: 'mqtt://127.0.0.1:1883' });
    const worker = startWorker({ senders: createSenders(() => send), linked: () => [id] });
    await enqueueAlert([id]);
    await eventually(() => told.length === 1);
    await eventually(async () => {
      await makeDue();
      worker.wake();
      return told.length === 2;
    });
    expect(told).toEqual([[], ['a@home.example']]);
  });

  it('is dead after the last attempt', async () => {
    await enqueueAlert([await seedChannel('webhook', webhookTo(`http://127.0.0.1:${await freePort()}`))]);
    await db.query((sql) => sql`update deliveries set attempts = ${ATTEMPTS_MAX - 1}`);
    startWorker();
    const [row] = await untilEnded();
    expect(row).toMatchObject({ attempts: ATTEMPTS_MAX, errorKind: 'unavailable' });
    expect(row?.errorMessage).toContain('ECONNREFUSED');
  });

  it('is dead at once where waiting does not help; redirects are not followed', async () => {
    const inside = await startReceiver();
    const receiver = await startReceiver((_, response) => void response.writeHead(302, { Location: inside.url }).end());
    startWorker();
    await enqueueAlert([await seedChannel('webhook', webhookTo(receiver.url))]);
    expect(await untilEnded()).toMatchObject([{ state: 'dead', attempts: 1, errorKind: 'invalid' }]);
    expect(inside.received).toEqual([]);
  });

  it('switches a channel off whose other side is gone for good', async () => {
    const receiver = await startReceiver((_, response) => void response.writeHead(410).end());
    startWorker();
    const id = await seedChannel('webhook', webhookTo(receiver.url));
    await enqueueAlert([id]);
    await untilEnded();
    await eventually(async () => !(await isEnabled(id)), { what: 'the channel off' });
    const audit = await db.query((sql) => sql`select actor_id, via, action, target_id, before, after from audit`);
    expect(audit).toMatchObject([{ actorId: 'system', via: 'system', action: 'channel.switched_off', targetId: id, before: { enabled: true }, after: { enabled: false } }]); // prettier-ignore
    expect(JSON.stringify(audit)).not.toContain('whsec_');
  });

  it('leaves a channel on that somebody has put right meanwhile', async () => {
    const right = await startReceiver();
    const id = await seedChannel('webhook', webhookTo('http://127.0.0.1:9'));
    const wrong = await startReceiver(async (_, response) => {
      await db.query(
        (sql) => sql`update channels set settings = settings || jsonb_build_object('url', ${right.url}::text)`,
      );
      response.writeHead(410).end();
    });
    await db.query(
      (sql) => sql`update channels set settings = settings || jsonb_build_object('url', ${wrong.url}::text)`,
    );
    startWorker();
    await enqueueAlert([id]);
    await untilEnded();
    await enqueueAlert([id]);
    await eventually(() => right.received.length === 1, { what: 'the next alert at the right place' });
    expect(await isEnabled(id)).toBe(true);
  });

  it('is a private address that nobody has allowed: nothing is sent, the reason says what to set, and a name may come to mean another', async () => {
    const receiver = await startReceiver();
    startWorker({ guard: createGuard({ allowed: [] }) });
    const named = receiver.url.replace('127.0.0.1', 'localhost');
    await enqueueAlert([await seedChannel('webhook', webhookTo(receiver.url)), await seedChannel('webhook', webhookTo(named))]); // prettier-ignore
    const rows = await eventually(async () => {
      const found = await readDeliveries();
      return found.every(({ errorKind }) => errorKind !== null) ? found : undefined;
    });
    const expected = [{ state: 'dead', errorKind: 'forbidden' }, { state: 'pending', errorKind: 'unavailable' }]; // prettier-ignore
    expect(rows.toSorted((a, b) => a.state.localeCompare(b.state))).toMatchObject(expected);
    for (const row of rows) expect(row.errorMessage).toContain('NOTIFY_PRIVATE_ALLOWED');
    expect(receiver.received).toEqual([]);
  });

  it('is read no further than a limit, and its answer kept as one line', async () => {
    const receiver = await startReceiver((_, response) => {
      response.writeHead(200);
      const piece = Buffer.alloc(1024 ** 2, 'a\n');
      const pour = (): void => void (response.writable && response.write(piece, pour));
      pour();
    });
    startWorker();
    await enqueueAlert([await seedChannel('webhook', webhookTo(receiver.url))]);
    const [row] = await untilEnded();
    expect(row?.state).toBe('done');
    expect(row?.response?.length).toBeLessThan(800);
    expect(row?.response).not.toContain('\n');
  });
});

describe('a crash', () => {
  it('between sending and marking sends again, under the same id', async () => {
    const receiver = await startReceiver();
    await enqueueAlert([await seedChannel('webhook', webhookTo(receiver.url))]);
    // A worker that is killed right after its POST: it claims, sends and never marks.
    const [claimed] = await claim();
    if (!claimed) throw new Error('a delivery is due');
    const { webhook } = createSenders(() => () => Promise.reject(new Error('none')));
    const outgoing = { id: claimed.id, message: claimed.payload as never, picture: null, takenBy: [] };
    await webhook({ settings: claimed.channel.settings as never, outgoing, guard, clock, signal: new AbortController().signal }); // prettier-ignore
    expect(await claim()).toEqual([]);
    await db.query((sql) => sql`update deliveries set lease_expires_at = now() - interval '1 s'`);
    startWorker();
    expect(await untilEnded()).toMatchObject([{ state: 'done', attempts: 2 }]);
    expect(receiver.received.map(({ headers }) => headers['webhook-id'])).toEqual([claimed.id, claimed.id]);
  });

  it('loses its lease: what comes too late changes nothing', async () => {
    await enqueueAlert([await seedChannel('webhook', webhookTo('http://127.0.0.1:9'))]);
    const [late] = await claim();
    await db.query((sql) => sql`update deliveries set lease_expires_at = now() - interval '1 s'`);
    expect(await db.query(reapDeliveries)).toBe(1);
    const [quick] = await claim({ owner: 2 });
    if (!late || !quick) throw new Error('both were claimed');
    await db.query((sql) => markDelivered(sql, { ...late, owner: 1 }, 'late'));
    expect(await readDeliveries()).toMatchObject([{ state: 'leased', attempts: 2 }]);
  });

  it('of a clean kind hands back what is under way, the attempt uncounted', async () => {
    const receiver = await startReceiver(() => undefined);
    const worker = startWorker({
      clock: { ...clock, sleep: (ms, signal) => clock.sleep(ms === 5_000 ? 1 : ms, signal) },
    });
    await enqueueAlert([await seedChannel('webhook', webhookTo(receiver.url))]);
    await eventually(() => receiver.received.length === 1, { what: 'the request' });
    await worker.close();
    expect(await readDeliveries()).toMatchObject([{ state: 'pending', attempts: 0, errorKind: null }]);
  });
});

it('takes each delivery once, however many claim', async () => {
  const channels = [await seedChannel('webhook', webhookTo('http://127.0.0.1:9')), await seedChannel('webhook', webhookTo('http://127.0.0.1:9'))]; // prettier-ignore
  for (let count = 0; count < 10; count += 1) await enqueueAlert(channels);
  const claimed: string[] = [];
  const claimAll = async (owner: number): Promise<void> => {
    for (let found = await claim({ owner }); found.length > 0; found = await claim({ owner })) claimed.push(...found.map(({ id }) => id)); // prettier-ignore
  };
  await Promise.all([1, 2, 3, 4].map(claimAll));
  while (claimed.length < 20) claimed.push(...(await claim()).map(({ id }) => id));
  expect(new Set(claimed).size).toBe(20);
});

it('has no more under way for a channel than it may', async () => {
  const id = await seedChannel('webhook', webhookTo('http://127.0.0.1:9'));
  for (let count = 0; count < 4; count += 1) await enqueueAlert([id]);
  expect(await claim({ inHand: new Map([[id, 1]]) })).toHaveLength(1);
  expect(await claim({ inHand: new Map([[id, 2]]) })).toHaveLength(0);
  expect(await claim()).toHaveLength(2);
});

it('after days without a process still sends what waits', async () => {
  const receiver = await startReceiver();
  await enqueueAlert([await seedChannel('webhook', webhookTo(receiver.url))]);
  await db.query((sql) => sql`update deliveries set available_at = now() - interval '3 days'`);
  startWorker();
  expect(await untilEnded()).toMatchObject([{ state: 'done', attempts: 1 }]);
});

it('lets no slow channel hold up another', async () => {
  const slow = await startReceiver(() => undefined);
  const quick = await startReceiver();
  const channels = [await seedChannel('webhook', webhookTo(slow.url)), await seedChannel('webhook', webhookTo(quick.url))]; // prettier-ignore
  for (let count = 0; count < 20; count += 1) await enqueueAlert(channels);
  startWorker({ clock: { ...clock, sleep: (ms, signal) => clock.sleep(ms === 5_000 ? 1 : ms, signal) } });
  await eventually(() => quick.received.length === 20, { what: 'all alerts of the quick one' });
  expect(slow.received.length).toBeLessThanOrEqual(2);
});

it('finds what is due without walking through what waits for another channel', async () => {
  const dead = await seedChannel('webhook', webhookTo('http://127.0.0.1:9999'));
  const other = await seedChannel('webhook', webhookTo('http://127.0.0.1:9999'));
  await db.query((sql) => sql`
    insert into deliveries (id, channel_id, payload, state, created_at)
    select gen_random_uuid(), ${dead}, '{}', 'pending', now() - interval '1 h' from generate_series(1, 20000)`); // prettier-ignore
  await enqueueAlert([other]);
  await db.query((sql) => sql`analyze deliveries`);
  const plan = await db.query(async (sql) => {
    const explain = (strings: TemplateStringsArray, ...values: never[]) =>
      sql(Object.assign([`explain ${strings[0]}`, ...strings.slice(1)], { raw: strings.raw }), ...values);
    return claimDeliveries(explain as unknown as Sql, wishes);
  });
  expect(JSON.stringify(plan)).toMatch(
    /deliveries_pending.*Index Cond: \(\(channel_id = channels\w*\.id\) AND \(available_at/,
  );
  expect((await claim({ inHand: new Map([[dead, 2]]) })).map(({ channel }) => channel.id)).toEqual([other]);
});

it('forgets what ended long ago, and gives up what nobody could send', async () => {
  const id = await seedChannel('webhook', webhookTo('http://127.0.0.1:9'));
  for (let count = 0; count < 3; count += 1) await enqueueAlert([id]);
  const [ended, waiting, fresh] = await readDeliveries();
  await db.query((sql) => sql`
    update deliveries set state = 'done', delivered_at = now(), created_at = now() - interval '31 days' where id = ${ended?.id ?? ''}`); // prettier-ignore
  await db.query((sql) => sql`update deliveries set available_at = now() - interval '3 days' where id = ${waiting?.id ?? ''}`); // prettier-ignore
  await db.query(tidyDeliveries);
  const rows = await readDeliveries();
  expect(rows.map((row) => [row.id, row.state])).toEqual([[waiting?.id, 'dead'], [fresh?.id, 'pending']]); // prettier-ignore
});

it('goes with its channel', async () => {
  const id = await seedChannel('webhook', webhookTo('http://127.0.0.1:9'));
  await enqueueAlert([id]);
  await db.query((sql) => sql`delete from channels where id = ${id}`);
  expect(await readDeliveries()).toEqual([]);
});

describe('a test', () => {
  const senders = createSenders(() => () => Promise.reject(new Error('none')));
  const createTest = () => createChannelTester({ db, clock, newId, guard, senders });

  it('is sent at once and kept as a delivery', async () => {
    const receiver = await startReceiver();
    const id = await seedChannel('webhook', webhookTo(receiver.url), { enabled: false });
    const result = await createTest()(id);
    expect(result).toMatchObject({ isDelivered: true, response: 'HTTP 204', error: null });
    expect(JSON.parse(receiver.received[0]?.body.toString() ?? '')).toMatchObject({ type: 'channel.test', data: { channel_id: id } }); // prettier-ignore
    expect(await readDeliveries()).toMatchObject([{ id: result?.deliveryId, state: 'done', attempts: 1 }]);
  });

  it('says what went wrong, and is not tried again', async () => {
    const receiver = await startReceiver((_, response) => void response.writeHead(500).end());
    const result = await createTest()(await seedChannel('webhook', webhookTo(receiver.url)));
    expect(result).toMatchObject({ isDelivered: false, error: { kind: 'unavailable', message: 'HTTP 500' } });
    expect(await readDeliveries()).toMatchObject([{ state: 'dead' }]);
    expect(await createTest()(newId())).toBeUndefined();
  });
});

it('is never empty-handed for want of a picture', async () => {
  const receiver = await startReceiver((_, response) => void response.writeHead(200).end('{}'));
  const settings = { server: receiver.url, topic: 'yard', token: null, user: null, password: null, ca: null };
  startWorker({ readPicture: () => Promise.reject(new Error('the disk is gone')) });
  await enqueueAlert([await seedChannel('ntfy', settings)]);
  expect(await untilEnded()).toMatchObject([{ state: 'done' }]);
  expect(receiver.received[0]?.headers['filename']).toBeUndefined();
});

it('shows the frame of an alert with what counts of what was found in it, weakest first; nothing of a frame that is no more', async () => {
  const { frameId, eventId } = await seedAlert();
  const found = { frameId, eventId, cameraId: 'yard', capturedAt: seedTime(0) };
  await seedDetection(db, { ...found, score: 0.9 });
  await seedDetection(db, { ...found, label: 'dog', score: 0.5 });
  await seedDetection(db, { ...found, label: 'car', score: 0.7 });
  await db.query((sql) => sql`update detections set event_id = null, suppressed_by = 'stationary' where label = 'car'`);
  const drawn: unknown[] = [];
  const draw = (...given: unknown[]) => Promise.resolve(Buffer.from(`${drawn.push(given)}`));
  const readPicture = createPictureReader({ db, draw });
  expect(await readPicture(frameId)).toEqual(Buffer.from('1'));
  expect(drawn).toMatchObject([[expect.anything() as unknown, [{ label: 'dog' }, { label: 'person', bbox: { x: 10, y: 20, width: 30, height: 40 } }]]]); // prettier-ignore
  expect(await readPicture(newId())).toBeNull();
});
