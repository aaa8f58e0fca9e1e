/**
 * Takes back what a channel has told whose connection nobody keeps any more: it was switched off, and then deleted or moved.
 * What stands retained would else show dead cameras in Home Assistant for ever, and pictures to whoever may read there.
 */
import { randomBytes } from 'node:crypto';
import type { Database } from '../../db/index.ts';
import type { Clock } from '../../lib/clock.ts';
import { withTimeLimit } from '../../lib/time-limit.ts';
import type { MqttSettings } from '../../model/channel.ts';
import type { Guard } from '../guard.ts';
import { late } from '../http.ts';
import { connectToBroker } from './connection.ts';
import { toRetainedTopics, toStatusTopic } from './topics.ts';

const FORGET_MS_MAX = 60_000;
const AT_ONCE_MAX = 8;

export interface ForgetOptions {
  readonly db: Pick<Database, 'query'>;
  readonly guard: Guard;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** Of every camera there is or was: to remove what does not stand there is harmless. Throws `unavailable` and its like. */
export function forget(settings: MqttSettings, { db, guard, clock, signal }: ForgetOptions): Promise<void> {
  return withTimeLimit({ timeoutMs: FORGET_MS_MAX, clock, late, signal }, async (within) => {
    const cameras = await db.query((sql) => sql<{ id: string }[]>`select id from cameras order by id`);
    const topics = [...cameras.flatMap(({ id }) => toRetainedTopics(settings, id)), toStatusTopic(settings)];
    const clientId = `nightjar-${randomBytes(6).toString('hex')}`;
    const connection = await connectToBroker(settings, { clientId, guard, clock, signal: within });
    within.addEventListener('abort', connection.cut, { once: true });
    try {
      while (topics.length > 0)
        await Promise.all(
          topics.splice(0, AT_ONCE_MAX).map((topic) => connection.publish(topic, '', { retain: true })),
        );
    } finally {
      await connection.close();
    }
  });
}
