/** A POST in the form of Standard Webhooks (https://www.standardwebhooks.com), signed with the channel's secret. */
import { Webhook } from 'standardwebhooks';
import type { WebhookStored } from '../../model/channel.ts';
import { sendHttp, toResponseLine } from '../http.ts';
import type { SendOptions } from './kind.ts';

export async function sendWebhook({ settings, outgoing, guard, clock, signal }: SendOptions<WebhookStored>) {
  const body = JSON.stringify(outgoing.message);
  const nowMs = clock.nowMs();
  const headers = {
    'Content-Type': 'application/json',
    'webhook-id': outgoing.id,
    'webhook-timestamp': `${Math.floor(nowMs / 1_000)}`,
    'webhook-signature': toSecrets(settings, nowMs).map((secret) => new Webhook(secret).sign(outgoing.id, new Date(nowMs), body)).join(' '), // prettier-ignore
  };
  const { url, ca } = settings;
  const sent = { method: 'POST', url: new URL(url), headers, body: Buffer.from(body), ca } as const;
  return toResponseLine(await sendHttp(sent, { guard, signal }), nowMs);
}

/** After a rotation the secrets of before sign too, for a while: a receiver knows one of them at every moment. */
function toSecrets({ secret, previous_secrets: previous }: WebhookStored, nowMs: number): readonly string[] {
  return [secret, ...previous.filter(({ until }) => nowMs < Date.parse(until)).map((before) => before.secret)];
}
