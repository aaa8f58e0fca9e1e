/** A test message, sent at once by whoever is asked for it. It is a delivery like others, but is not tried again. */
import { randomInt } from 'node:crypto';
import type { Database } from '../db/index.ts';
import type { NewId } from '../lib/id.ts';
import type { ErrorKind } from '../lib/errors.ts';
import type { DeliveryMessage } from '../model/delivery.ts';
import { toTime } from '../model/wire.ts';
import { attempt, type AttemptTools } from './attempt.ts';
import { LEASE_MS, markDelivered, markFailed, type ClaimedDelivery } from './ledger.ts';

const OWNER_MAX = 0x7fffffff;

export interface TestResult {
  readonly deliveryId: string;
  readonly isDelivered: boolean;
  readonly response: string | null;
  readonly error: { readonly kind: ErrorKind; readonly message: string } | null;
  readonly durationMs: number;
}

export interface TesterOptions extends Omit<AttemptTools, 'onNoPicture' | 'readPicture'> {
  readonly db: Database;
  readonly newId: NewId;
}

/** Tries a channel, switched on or not. Undefined when there is none of this id. */
export type TestChannel = (channelId: string) => Promise<TestResult | undefined>;

export function createChannelTester(options: TesterOptions): TestChannel {
  const { db, clock } = options;
  const owner = randomInt(1, OWNER_MAX);
  const tools = { ...options, readPicture: () => Promise.resolve(null), onNoPicture: () => undefined };

  return async (channelId) => {
    const delivery = await begin(options, channelId, owner);
    if (!delivery) return undefined;
    const startedMs = clock.nowMs();
    const outcome = await attempt(delivery, tools, new AbortController().signal);
    const lease = { id: delivery.id, attempts: delivery.attempts, owner };
    const base = { deliveryId: delivery.id, durationMs: Math.max(0, Math.round(clock.nowMs() - startedMs)) };
    if (outcome.isDelivered) {
      await db.query((sql) => markDelivered(sql, lease, outcome.response));
      return { ...base, isDelivered: true, response: outcome.response, error: null };
    }
    const { error } = outcome;
    await db.query((sql) => markFailed(sql, lease, { error, againMs: undefined }));
    return { ...base, isDelivered: false, response: null, error: { kind: error.kind, message: error.message } };
  };
}

/** Leased from the start: a process that ends in between leaves it to the workers. */
async function begin(
  { db, newId, clock }: TesterOptions,
  channelId: string,
  owner: number,
): Promise<ClaimedDelivery | undefined> {
  type Channel = ClaimedDelivery['channel'];
  const [channel] = await db.query((sql) => sql<Channel[]>`select id, name, kind, settings from channels where id = ${channelId}`); // prettier-ignore
  if (!channel) return undefined;
  const payload: DeliveryMessage = {
    type: 'channel.test',
    timestamp: toTime(new Date(clock.nowMs())),
    data: { channel_id: channel.id, channel_name: channel.name },
  };
  const id = newId();
  const inserted = await db.query((sql) => sql`
    insert into deliveries (id, channel_id, payload, state, created_at, attempts, lease_owner, lease_expires_at)
    select ${id}, channels.id, ${JSON.stringify(payload)}::text::jsonb, 'leased', now(), 1, ${owner}, now() + ${LEASE_MS} * interval '1 ms'
    from channels where id = ${channelId} for key share`); // prettier-ignore
  return inserted.count === 0 ? undefined : { id, attempts: 1, alertId: null, payload, channel };
}
