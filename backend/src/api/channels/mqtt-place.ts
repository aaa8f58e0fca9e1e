import type { Tx } from '../../db/index.ts';
import { NightjarError } from '../../lib/errors.ts';
import { isSameMqttPlace, mqttSettings } from '../../model/channel.ts';
import type { ChannelRow } from './channel-wire.ts';

/**
 * Two channels under the same topics of one broker would tell each other's state, and either takes back the other's when it
 * goes. Also of those that are switched off: they keep theirs. Throws `conflict`. The table is to be locked against changes.
 */
export async function assertOwnTopics(tx: Tx, { id, kind, settings }: Omit<ChannelRow, 'createdAt'>): Promise<void> {
  if (kind !== 'mqtt') return;
  const own = mqttSettings.parse(settings);
  const others = await tx<ChannelRow[]>`select * from channels where kind = 'mqtt' and id <> ${id}`;
  const other = others.find((row) => {
    const parsed = mqttSettings.safeParse(row.settings);
    return parsed.success && isSameMqttPlace(parsed.data, own);
  });
  if (!other) return;
  const { base_topic: topic } = mqttSettings.parse(other.settings);
  throw new NightjarError(
    'conflict',
    `the channel "${other.name}" has the base topic ${topic} at this broker: choose one that differs in more than / and _`,
  );
}
