/**
 * The topics of a channel. Parts of a topic are settings that hold no wildcards, and ids of cameras, which are slugs; names
 * are data and never part of one.
 */
import { toMqttNode, type MqttSettings } from '../../model/channel.ts';

/** What Home Assistant shows of a camera: each is an entity of its device. */
export const entities = {
  activity: 'binary_sensor',
  risk: 'sensor',
  alert: 'event',
  picture: 'image',
} as const;
export type EntityName = keyof typeof entities;
export const entityNames = Object.keys(entities) as readonly EntityName[];

export type TopicSettings = Pick<MqttSettings, 'base_topic' | 'discovery_prefix'>;

/** Whether we are there: `online` or `offline`, the last also as our will. */
export const toStatusTopic = ({ base_topic: base }: TopicSettings): string => `${base}/status`;
export const toTestTopic = ({ base_topic: base }: TopicSettings): string => `${base}/test`;
export const toStateTopic = ({ base_topic: base }: TopicSettings, cameraId: string, name: EntityName | 'attributes') =>
  `${base}/${cameraId}/${name}`;

/** Where Home Assistant says that it was started. */
export const toBirthTopic = ({ discovery_prefix: prefix }: TopicSettings): string => `${prefix}/status`;

export const toConfigTopic = (settings: TopicSettings, cameraId: string, name: EntityName): string =>
  `${settings.discovery_prefix}/${entities[name]}/${toMqttNode(settings)}/${cameraId}_${name}/config`;
export const toConfigFilter = (settings: TopicSettings): string =>
  `${settings.discovery_prefix}/+/${toMqttNode(settings)}/+/config`;

/** The camera that a discovery topic of ours is about; undefined for what is none. */
export function parseConfigTopic(settings: TopicSettings, topic: string): string | undefined {
  const [, cameraId] = /\/([a-z0-9][a-z0-9_-]{0,63})_(?:activity|risk|alert|picture)\/config$/.exec(topic) ?? [];
  const isOurs =
    cameraId !== undefined && entityNames.some((name) => toConfigTopic(settings, cameraId, name) === topic);
  return isOurs ? cameraId : undefined;
}

/** All that is retained of a camera. */
export const toRetainedTopics = (settings: TopicSettings, cameraId: string): readonly string[] => [
  ...entityNames.map((name) => toConfigTopic(settings, cameraId, name)),
  ...(['activity', 'risk', 'attributes', 'picture'] as const).map((name) => toStateTopic(settings, cameraId, name)),
];
