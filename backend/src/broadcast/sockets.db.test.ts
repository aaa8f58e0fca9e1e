import { describe, expect, it } from 'vitest';
import { eventually } from '../../tests/harness/eventually.ts';
import type { SocketLimits } from './limits.ts';
import { closeAfterEachTest, createTestHouse, expectSeqs, subscribe } from './test-house.ts';
import {
  alertCreated,
  alertUpdated,
  cameraCreated,
  detectionCreated,
  eventOpened,
  frameDead,
} from './test-messages.ts';

closeAfterEachTest();

const limited = (limits: Partial<SocketLimits>) => createTestHouse({ sockets: { limits } });

describe('what a client gets', () => {
  it('everything since it connected, when it does not subscribe in time', async () => {
    const house = await limited({ subscribeMs: 50 });
    await house.send();
    const client = await house.connect();
    await house.send();
    await client.heard('subscribed');
    await house.send(detectionCreated());
    await expectSeqs(client, [2, 3]);
  });

  it('what it subscribed to, from now on, in the shape of the contract', async () => {
    const house = await createTestHouse();
    await house.send();
    const client = await house.connect();
    expect(await subscribe(client, { topics: ['event.*', 'frame.dead'], camera_ids: ['yard', 'gate'] })).toBe(1);
    await house.send(eventOpened('front_door'), eventOpened('yard'), detectionCreated('yard'));
    await house.send(cameraCreated('yard'), frameDead('gate'), frameDead('front_door'));
    await expectSeqs(client, [3, 6]);
    expect(client.received.find(({ seq }) => seq === 3)).toEqual({
      seq: 3,
      type: 'event.opened',
      at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/) as string,
      data: eventOpened('yard').data,
    });
  });

  it('only what its key may see', async () => {
    const house = await createTestHouse({
      sockets: { authenticate: async () => ({ keyId: 'key', cameraIds: ['yard'] }) },
    });
    await house.send(eventOpened('front_door'), eventOpened('yard'));
    const client = await house.connect();
    await subscribe(client, { camera_ids: ['front_door', 'yard'], after: 0 });
    await house.send(detectionCreated('front_door'), detectionCreated('yard'), cameraCreated('front_door'));
    await expectSeqs(client, [2, 4]);
  });

  it('nothing of cameras that its key may not see, or that are not there: no difference shows', async () => {
    const house = await createTestHouse({
      sockets: { authenticate: async () => ({ keyId: 'key', cameraIds: ['yard'] }) },
    });
    await house.send(eventOpened('front_door'));
    const [hidden, absent] = [await house.connect(), await house.connect()];
    await subscribe(hidden, { camera_ids: ['front_door'], after: 0 });
    await subscribe(absent, { camera_ids: ['never_there'], after: 0 });
    await house.send(detectionCreated('front_door'), alertCreated('front_door'));
    for (const client of [hidden, absent]) {
      client.say({ type: 'ping' });
      await client.heard('pong');
    }
    expect(hidden.received).toEqual(absent.received);
    expect(hidden.received.map(({ type }) => type)).toEqual(['subscribed', 'pong']);
  });

  it('alerts, by topic', async () => {
    const house = await createTestHouse();
    const [all, some] = [await house.connect(), await house.connect()];
    await subscribe(all, { topics: ['alert.*'] });
    await subscribe(some, { topics: ['alert.updated'], camera_ids: ['yard'] });
    await house.send(alertCreated('yard'), eventOpened('yard'), alertUpdated('yard'), alertUpdated('gate'));
    await Promise.all([expectSeqs(all, [1, 3, 4]), expectSeqs(some, [3])]);
  });

  it('by its newest filter', async () => {
    const house = await createTestHouse();
    const client = await house.connect();
    await subscribe(client, { topics: ['event.*'] });
    await house.send(eventOpened(), detectionCreated());
    await expectSeqs(client, [1]);
    await subscribe(client, { topics: ['detection.created'] });
    await house.send(eventOpened(), detectionCreated());
    await expectSeqs(client, [1, 4]);
  });

  it('a pong, and no seq with passing messages', async () => {
    const house = await createTestHouse();
    const client = await house.connect();
    client.say({ type: 'ping' });
    expect(await client.heard('pong')).toEqual({ type: 'pong', data: {} });
  });

  it('an error for what is not of the protocol, and goes on', async () => {
    const house = await createTestHouse();
    const client = await house.connect();
    client.say('{');
    expect((await client.heard('error')).data).toMatchObject({ kind: 'invalid', message: 'messages are JSON text' });
    client.say({ type: 'shout' });
    client.say({ type: 'subscribe', topics: Array(100).fill('*') });
    client.ws.send(Buffer.from('{"type":"ping"}'), { binary: true });
    client.say({ type: 'ping' });
    await client.heard('pong');
    const errors = client.received.filter(({ type }) => type === 'error').map(({ data }) => data['errors']);
    expect(errors).toEqual([
      [],
      [expect.objectContaining({ path: 'type' })],
      [expect.objectContaining({ path: 'topics' })],
      [],
    ]);
  });

  it('the status, by what its key may see, again and again; a failing status harms nobody', async () => {
    let calls = 0;
    const house = await createTestHouse({
      sockets: {
        limits: { statusMs: 10 },
        authenticate: async ({ headers }) => ({ keyId: 'key', cameraIds: headers['x-yard'] ? ['yard'] : null }),
        status: async () => {
          calls += 1;
          if (calls === 3) throw new Error('not now');
          return (cameraIds) => ({ cameras: cameraIds ?? 'all' });
        },
      },
    });
    const [all, some] = [await house.connect(), await house.connect('/ws', [], { 'x-yard': '1' })];
    await Promise.all([subscribe(all), subscribe(some)]);
    const statuses = (client: typeof all) => client.received.filter(({ type }) => type === 'system.status');
    await eventually(() => statuses(all).length > 3 && statuses(some).length > 3);
    expect(statuses(all)[0]).toEqual({ type: 'system.status', data: { cameras: 'all' } });
    expect(statuses(some)[0]?.data).toEqual({ cameras: ['yard'] });
  });
});
