import type { Outgoing } from '../kinds/kind.ts';
import { toStateTopic, toTestTopic, type TopicSettings } from './topics.ts';

/** Where a delivery goes, and as what. Not retained: an alert is told once, and not to who comes later. */
export function toAlertMessage(settings: TopicSettings, { id, message }: Outgoing): { topic: string; payload: string } {
  if (message.type === 'channel.test')
    return { topic: toTestTopic(settings), payload: JSON.stringify({ delivery_id: id, ...message }) };
  const { alert, camera_name, links } = message.data;
  // As Home Assistant's event entity reads it: the type, and attributes.
  const payload = JSON.stringify({ event_type: 'alert', delivery_id: id, ...alert, camera_name, links });
  return { topic: toStateTopic(settings, alert.camera_id, 'alert'), payload };
}
