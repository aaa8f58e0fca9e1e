import { describe, expect, it } from 'vitest';
import { eventually } from '../../tests/harness/eventually.ts';
import type { SocketLimits } from './limits.ts';
import { askForUpgrade, createMeter } from './test-doors.ts';
import { closeAfterEachTest, createTestHouse, expectSeqs, fromTo, subscribe } from './test-house.ts';
import { eventOpened } from './test-messages.ts';

closeAfterEachTest();

const limited = (limits: Partial<SocketLimits>) => createTestHouse({ sockets: { limits } });

describe('what is counted of an end', () => {
  it('is our own code, heard or not', async () => {
    const { meter, closes } = createMeter();
    const house = await createTestHouse({ sockets: { meter, limits: { bufferedBytesMax: 100_000, closeMs: 50 } } });
    const slow = await house.connect();
    await subscribe(slow);
    slow.ws.pause();
    const large = eventOpened('front_door', 'x'.repeat(400_000));
    for (let count = 0; count < 100; count++) await house.send(large);
    await eventually(() => closes.length === 1);
    const talker = await house.connect();
    talker.say('x'.repeat(64 * 1024 + 1));
    await eventually(() => closes.length === 2);
    expect(closes).toEqual([4008, 1009]);
  });

  it('and of what clients say, what is theirs to say', async () => {
    const { meter, closes } = createMeter();
    const house = await createTestHouse({ sockets: { meter } });
    for (const code of [1000, 4008, 4401, 1009, 3_333]) {
      const client = await house.connect();
      client.ws.close(code);
      await client.closed;
    }
    (await house.connect()).ws.terminate();
    await eventually(() => closes.length === 6);
    expect(closes).toEqual([1000, null, null, null, null, 1006]);
  });
});

describe('who is sent away', () => {
  it('who floods: 1008', async () => {
    const house = await limited({ messagesPerSecondMax: 5 });
    const client = await house.connect();
    for (let count = 0; count < 50; count++) client.say({ type: 'ping' });
    expect((await client.closed).code).toBe(1008);
    expect(client.received.filter(({ type }) => type === 'pong').length).toBeLessThanOrEqual(10);
  });

  it('who sends too much at once: 1009', async () => {
    const house = await createTestHouse();
    const client = await house.connect();
    client.say('x'.repeat(64 * 1024 + 1));
    expect((await client.closed).code).toBe(1009);
  });

  it('who does not take what it asked for: 4008, while the others get everything', async () => {
    const house = await limited({ bufferedBytesMax: 100_000, closeMs: 60_000 });
    const [slow, quick] = [await house.connect(), await house.connect()];
    await Promise.all([subscribe(slow), subscribe(quick)]);
    slow.ws.pause();
    // The kernel takes some megabytes first; then our own buffer fills.
    const large = eventOpened('front_door', 'x'.repeat(400_000));
    for (let count = 0; count < 100; count++) await house.send(large);
    slow.ws.resume();
    expect((await slow.closed).code).toBe(4008);
    expect(slow.seqs()).toEqual(fromTo(1, slow.seqs().length));
    expect(slow.seqs().length).toBeLessThan(100);
    await expectSeqs(quick, fromTo(1, 100));
  });

  it('who is dead: cut off by the heartbeat, while the living stay', async () => {
    const house = await limited({ heartbeatMs: 100 });
    const [dead, living] = [await house.connect(), await house.connect()];
    let pings = 0;
    living.ws.on('ping', () => (pings += 1));
    dead.ws.pause();
    await eventually(() => house.server.clientCount() === 1);
    const pingsThen = pings;
    await eventually(() => pings > pingsThen + 2);
    expect(house.server.clientCount()).toBe(1);
  });

  it('who talks on without taking what is sent: cut off as the dead are', async () => {
    const limits = { heartbeatMs: 500, messagesPerSecondMax: 10_000, bufferedBytesMax: 1024 ** 3 };
    const house = await limited(limits);
    const talker = await house.connect();
    await subscribe(talker);
    talker.ws.pause();
    const talk = setInterval(() => talker.say({ type: 'ping' }), 10);
    try {
      // More than the kernel takes.
      await house.send(...Array.from({ length: 40 }, () => eventOpened('front_door', 'x'.repeat(400_000))));
      await eventually(() => house.server.clientCount() === 0);
    } finally {
      clearInterval(talk);
    }
  });

  it('who takes nothing of a replay for long: 4008, however much it talks', async () => {
    const { meter, closes } = createMeter();
    const house = await createTestHouse({ sockets: { meter, limits: { stallMs: 200, closeMs: 50 } } });
    for (let round = 0; round < 4; round++)
      await house.send(...Array.from({ length: 10 }, () => eventOpened('front_door', 'x'.repeat(400_000))));
    const client = await house.connect();
    client.ws.pause();
    client.say({ type: 'subscribe', after: 0 });
    const pong = setInterval(() => client.ws.pong(), 50);
    try {
      await eventually(() => house.server.clientCount() === 0, { what: 'the end' });
    } finally {
      clearInterval(pong);
    }
    expect(closes).toEqual([4008]);
  });

  it('whose key is revoked: 4401', async () => {
    let clients = 0;
    const authenticate = async () => ({ keyId: `key${++clients}`, cameraIds: null });
    const revoked = new Set<string>();
    const reasonToLeave = ({ keyId }: { keyId: string }) => (revoked.has(keyId) ? 'the key was revoked' : null);
    const limits = { recheckMs: 600_000 };
    const house = await createTestHouse({ sockets: { authenticate, reasonToLeave, limits } });
    const [first, second] = [await house.connect(), await house.connect()];
    revoked.add('key1');
    house.server.recheck();
    expect(await first.closed).toEqual({ code: 4401, reason: 'the key was revoked' });
    second.say({ type: 'ping' });
    await second.heard('pong');
  });

  it('whose time is over, without anybody saying so', async () => {
    let over: string | null = null;
    const house = await createTestHouse({ sockets: { reasonToLeave: () => over } });
    const client = await house.connect();
    over = 'the session has expired';
    expect(await client.closed).toEqual({ code: 4401, reason: over });
  });

  it('everybody at shutdown: 1001, who does not answer is cut off, and nobody is let in', async () => {
    const house = await limited({ shutdownMs: 100 });
    const [polite, deaf] = [await house.connect(), await house.connect()];
    deaf.ws.pause();
    await Promise.all([house.server.close(), house.server.close()]);
    expect((await polite.closed).code).toBe(1001);
    expect(house.server.clientCount()).toBe(0);
    expect((await askForUpgrade(house, '/ws')).status).toBe(503);
  });
});
