import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { eventually } from '../../tests/harness/eventually.ts';
import { NightjarError, type ErrorKind } from '../lib/errors.ts';
import type { Grant } from './connection.ts';
import type { SocketLimits } from './limits.ts';
import { askForUpgrade, createMeter, toGrant } from './test-doors.ts';
import { closeAfterEachTest, createTestHouse } from './test-house.ts';

closeAfterEachTest();

const limited = (limits: Partial<SocketLimits>) => createTestHouse({ sockets: { limits } });

describe('who is let in', () => {
  it.each<[ErrorKind, number]>([
    ['unauthorized', 401],
    ['forbidden', 403],
    ['unavailable', 503],
    ['internal', 500],
  ])('%s is refused with %i before the upgrade', async (kind, status) => {
    const authenticate = () => Promise.reject(new NightjarError(kind, 'secret detail'));
    const house = await createTestHouse({ sockets: { authenticate } });
    const answer = await askForUpgrade(house, '/ws');
    expect(answer).toMatchObject({ status, body: { status, kind } });
    expect(JSON.stringify(answer.body).includes('secret')).toBe(status !== 500);
  });

  it('another path is 404, and /ws with a query is ours', async () => {
    const house = await createTestHouse();
    expect((await askForUpgrade(house, '/wss')).status).toBe(404);
    await house.connect('/ws?x=1');
  });

  it('one too many is 503, and takes the place of one who left', async () => {
    const house = await limited({ clientsMax: 2, adminSeats: 0 });
    const [first] = [await house.connect(), await house.connect()];
    expect((await askForUpgrade(house, '/ws')).status).toBe(503);
    first.ws.close();
    await eventually(() => house.server.clientCount() === 1);
    await house.connect();
  });

  it('one too many with the same key is 429, its sessions counted; another key is let in', async () => {
    const house = await createTestHouse({
      sockets: { authenticate: async ({ url }) => toGrant(url), limits: { clientsPerKeyMax: 2 } },
    });
    const [first] = [await house.connect('/ws?a'), await house.connect('/ws?a&session=1')];
    const refused = await askForUpgrade(house, '/ws?a&session=2');
    expect(refused).toMatchObject({ status: 429, retryAfter: '10', body: { kind: 'overloaded' } });
    await house.connect('/ws?b');
    first.ws.close();
    await eventually(() => house.server.clientCount() === 2);
    await house.connect('/ws?a');
  });

  it('however many come at the same moment, no more are let in than may be', async () => {
    const house = await createTestHouse({
      sockets: { authenticate: async ({ url }) => toGrant(url), limits: { clientsPerKeyMax: 3 } },
    });
    const asked = await Promise.allSettled(Array.from({ length: 12 }, () => house.connect('/ws?a')));
    expect(asked.filter(({ status }) => status === 'fulfilled')).toHaveLength(3);
    expect(house.server.clientCount()).toBe(3);
  });

  it('admins find a seat when all others are taken', async () => {
    const house = await createTestHouse({
      sockets: { authenticate: async ({ url }) => toGrant(url), limits: { clientsMax: 3, adminSeats: 1 } },
    });
    await Promise.all([house.connect('/ws?a'), house.connect('/ws?b')]);
    expect((await askForUpgrade(house, '/ws?c')).status).toBe(503);
    await house.connect('/ws?admin');
    expect((await askForUpgrade(house, '/ws?admin')).status).toBe(503);
  });

  it('nobody takes a seat before it is known who they are, and not too many ask at once', async () => {
    let asking = 0;
    const authenticate = ({ url = '' }: IncomingMessage): Promise<Grant> => {
      if (!url.includes('slow')) return Promise.resolve(toGrant(url));
      asking += 1;
      return new Promise(() => undefined);
    };
    const house = await createTestHouse({ sockets: { authenticate, limits: { clientsMax: 2, adminSeats: 0, arrivingMax: 3 } } }); // prettier-ignore
    const ask = () => new WebSocket(`${house.url}/ws?slow`).on('error', () => undefined);
    const slow = [ask(), ask()];
    await eventually(() => asking === 2);
    await house.connect('/ws?a');
    slow.push(ask());
    await eventually(() => asking === 3);
    expect((await askForUpgrade(house, '/ws?b')).status).toBe(503);
  });

  it('the protocol with the key is chosen, whatever else is offered', async () => {
    const house = await createTestHouse();
    expect((await house.connect('/ws', ['other', 'api-key.abc'])).ws.protocol).toBe('api-key.abc');
    expect((await house.connect()).ws.protocol).toBe('');
  });

  it('a handshake that is none is refused, and one that breaks off harms nobody', async () => {
    let isAsked = false;
    const authenticate = async () => {
      isAsked = true;
      await eventually(() => socket.destroyed);
      return { keyId: 'key', cameraIds: null };
    };
    const house = await createTestHouse({ sockets: { authenticate } });
    const socket = connect(Number(new URL(house.url).port), '127.0.0.1');
    socket.write('GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
    await eventually(() => isAsked);
    socket.resetAndDestroy();
    const request = get(house.url.replace('ws:', 'http:') + '/ws', {
      headers: { Connection: 'Upgrade', Upgrade: 'websocket' },
    });
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    response.resume();
    expect(response.statusCode).toBe(400);
    expect(house.server.clientCount()).toBe(0);
  });
});

it('who is refused for too much of its own is told apart from whoever finds no seat', async () => {
  const { meter, refusals } = createMeter();
  const limits = { clientsMax: 2, clientsPerKeyMax: 1, adminSeats: 0 };
  const house = await createTestHouse({ sockets: { meter, limits, authenticate: async ({ url }) => toGrant(url) } });
  await house.connect('/ws?a');
  await askForUpgrade(house, '/ws?a');
  await house.connect('/ws?b');
  await askForUpgrade(house, '/ws?c');
  expect(refusals).toEqual(['limited', 'overloaded']);
});
