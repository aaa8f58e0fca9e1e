import { randomBytes } from 'node:crypto';
import type { MqttSettings } from '../../model/channel.ts';
import type { SendOptions } from '../kinds/kind.ts';
import { toAlertMessage } from './alert-message.ts';
import { connectToBroker } from './connection.ts';

export const TAKEN = 'the broker has it (QoS 1)';

/** Over a connection for this alone, under a name of its own: for who keeps none. */
export async function sendOnce({
  settings,
  outgoing,
  guard,
  clock,
  signal,
}: SendOptions<MqttSettings>): Promise<string> {
  const clientId = `nightjar-${randomBytes(6).toString('hex')}`;
  const connection = await connectToBroker(settings, { clientId, guard, clock, signal });
  try {
    const { topic, payload } = toAlertMessage(settings, outgoing);
    await connection.publish(topic, payload, { retain: false });
    return TAKEN;
  } finally {
    await connection.close();
  }
}
