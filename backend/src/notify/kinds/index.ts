/** The kinds of channels: one file each, one line here. */
import type {
  ChannelKind,
  EmailSettings,
  MqttSettings,
  NtfySettings,
  StoredChannel,
  WebhookStored,
} from '../../model/channel.ts';
import { sendEmail } from './email.ts';
import type { Send, SendOptions } from './kind.ts';
import { sendNtfy } from './ntfy.ts';
import { sendWebhook } from './webhook.ts';

export interface Senders {
  readonly webhook: Send<WebhookStored>;
  readonly email: Send<EmailSettings>;
  readonly ntfy: Send<NtfySettings>;
  /** Through the connection that is kept for the channel, or one for this alone. */
  readonly mqtt: (channelId: string) => Send<MqttSettings>;
}

export const createSenders = (mqtt: Senders['mqtt']): Senders => ({
  webhook: sendWebhook,
  email: sendEmail,
  ntfy: sendNtfy,
  mqtt,
});

/** A webhook gets links, for a program fetches what it wants. */
export const wantsPicture = (kind: ChannelKind): boolean => kind !== 'webhook';

/** The way to a channel, with its settings. */
export function toSend(channel: StoredChannel, senders: Senders) {
  return (options: Omit<SendOptions<never>, 'settings'>): Promise<string> => {
    switch (channel.kind) {
      case 'webhook':
        return senders.webhook({ ...options, settings: channel.settings });
      case 'email':
        return senders.email({ ...options, settings: channel.settings });
      case 'ntfy':
        return senders.ntfy({ ...options, settings: channel.settings });
      case 'mqtt':
        return senders.mqtt(channel.id)({ ...options, settings: channel.settings });
    }
  };
}
