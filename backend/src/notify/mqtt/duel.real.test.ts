/** Two copies of one house at one broker: it ends the connection of either when the other comes. */
import { connectAsync } from 'mqtt';
import { it } from 'vitest';
import { eventually } from '../../../tests/harness/eventually.ts';
import { startMosquitto, subscribeToAll } from '../../../tests/harness/mosquitto.ts';
import { systemClock as clock } from '../../lib/clock.ts';
import { newId } from '../../lib/id.ts';
import { silentLog, type Logger } from '../../lib/log.ts';
import { cleanups, db, guard, openForEachTest } from '../test-notify.ts';
import { createLink } from './link.ts';

openForEachTest();

const CONNECT_MS_MAX = 10_000;

it('is told of by what may be the reason', async () => {
  const { url, close } = await startMosquitto();
  cleanups.add(close);
  const home = await subscribeToAll(url);
  cleanups.add(home.close);
  const warned: string[] = [];
  const log = {
    ...silentLog,
    warn: (_facts: object, message: string) => void warned.push(message),
  } as unknown as Logger;
  const settings = { url, user: null, password: null, base_topic: 'nightjar', discovery_prefix: 'homeassistant', ca: null }; // prettier-ignore
  const channel = { id: newId(), name: 'home', settings };
  // Pauses between two connections are not the subject.
  const sleep: typeof clock.sleep = (ms, signal) => clock.sleep(ms === CONNECT_MS_MAX ? ms : ms / 20, signal);
  const link = createLink({
    ...{ db, channel, guard, log, clock: { ...clock, sleep } },
    mayConnect: () => true,
    readPresent: () => Promise.resolve([]),
    readPicture: () => Promise.resolve(null),
  });
  cleanups.add(() => link.close('handed on'));
  const onlines = () => home.heard.filter(({ payload }) => payload.toString() === 'online').length;
  for (let round = 1; round <= 5; round += 1) {
    await eventually(() => onlines() >= round, { what: `connection ${round}` });
    const rival = await connectAsync(url, { clientId: `nightjar-${channel.id.slice(-12)}`, reconnectPeriod: 0 }, false);
    await rival.endAsync(true);
  }
  await eventually(() => warned.some((message) => message.includes('does a copy of this house')), { what: 'the word' });
});
