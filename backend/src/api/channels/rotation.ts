import { NightjarError } from '../../lib/errors.ts';
import { webhookStored, type WebhookStored } from '../../model/channel.ts';
import type { ChannelRow } from './channel-wire.ts';

/** For how long a secret of before signs too. */
const ROTATION_MS = 24 * 3_600_000;
/** Each is a signature more in every request. Whoever asks again, for the answer was lost, needs few. */
export const PREVIOUS_SECRETS_MAX = 5;

/** A webhook's settings with a new secret; those of before sign for as long as they were promised to. Throws `conflict`. */
export function rotateSecret({ kind, settings }: ChannelRow, secret: string, nowMs: number): WebhookStored {
  if (kind !== 'webhook') throw new NightjarError('conflict', 'only webhooks have a secret of this kind');
  const stored = webhookStored.parse(settings);
  const until = new Date(nowMs + ROTATION_MS).toISOString();
  const alive = stored.previous_secrets.filter((previous) => nowMs < Date.parse(previous.until));
  const [oldest] = alive.toReversed();
  if (oldest && alive.length >= PREVIOUS_SECRETS_MAX)
    throw new NightjarError(
      'conflict',
      `${PREVIOUS_SECRETS_MAX} secrets of before still sign: wait until ${oldest.until}`,
    );
  return { ...stored, secret, previous_secrets: [{ secret: stored.secret, until }, ...alive] };
}
