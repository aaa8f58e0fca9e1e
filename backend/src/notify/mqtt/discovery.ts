/** What Home Assistant is told of a camera (https://www.home-assistant.io/integrations/mqtt/#mqtt-discovery). */
import { toPrintable } from '../../lib/printable.ts';
import { toMqttNode } from '../../model/channel.ts';
import {
  entityNames,
  toConfigTopic,
  toStateTopic,
  toStatusTopic,
  type EntityName,
  type TopicSettings,
} from './topics.ts';

const NAME_CHARS_MAX = 100;

export interface NamedCamera {
  readonly id: string;
  readonly name: string;
}

/** One retained message for each entity. */
export function toConfigs(settings: TopicSettings, camera: NamedCamera): readonly (readonly [string, string])[] {
  return entityNames.map((name) => [
    toConfigTopic(settings, camera.id, name),
    JSON.stringify({ ...toCommon(settings, camera, name), ...toOwn(settings, camera.id, name) }),
  ]);
}

const toCommon = (settings: TopicSettings, { id, name }: NamedCamera, entity: EntityName) => ({
  unique_id: `${toMqttNode(settings)}_${id}_${entity}`,
  availability_topic: toStatusTopic(settings),
  device: {
    identifiers: [`${toMqttNode(settings)}_${id}`],
    name: toPrintable(name).slice(0, NAME_CHARS_MAX),
    manufacturer: 'Nightjar',
    model: 'Camera',
  },
  origin: { name: 'Nightjar' },
});

function toOwn(settings: TopicSettings, cameraId: string, entity: EntityName): object {
  const topic = toStateTopic(settings, cameraId, entity);
  switch (entity) {
    case 'activity':
      return { name: 'Activity', device_class: 'motion', state_topic: topic, payload_on: 'ON', payload_off: 'OFF' };
    case 'risk':
      return {
        name: 'Risk',
        icon: 'mdi:shield-alert',
        state_topic: topic,
        json_attributes_topic: toStateTopic(settings, cameraId, 'attributes'),
      };
    case 'alert':
      return { name: 'Alert', state_topic: topic, event_types: ['alert'] };
    case 'picture':
      return { name: 'Last alert', image_topic: topic, content_type: 'image/jpeg' };
  }
}
