import { describe, expect, it } from 'vitest';
import { NightjarError } from '../lib/errors.ts';
import { toDelivery, type Delivery } from './delivery.ts';
import { createMatcher, isOfTopic, parseClientMessage } from './protocol.ts';
import { eventOpened } from './test-messages.ts';

const delivery = (cameraId: string | null): Delivery => ({
  ...toDelivery({ seq: 1, at: '2026-03-01T12:00:00.000Z', ...eventOpened() }),
  cameraId,
});

describe('parseClientMessage', () => {
  it('takes a subscribe with all, some and no fields', () => {
    const full = { type: 'subscribe', topics: ['event.*', '*'], camera_ids: ['front_door'], after: 12 };
    expect(parseClientMessage(JSON.stringify(full))).toEqual(full);
    expect(parseClientMessage('{"type":"subscribe"}')).toEqual({ type: 'subscribe' });
    expect(parseClientMessage('{"type":"ping"}')).toEqual({ type: 'ping' });
  });

  it.each([
    ['', ''],
    ['{', ''],
    ['null', ''],
    ['[]', ''],
    ['{"type":"shout"}', 'type'],
    ['{"type":"subscribe","after":-1}', 'after'],
    ['{"type":"subscribe","after":1.5}', 'after'],
    ['{"type":"subscribe","topics":["event*"]}', 'topics.0'],
    ['{"type":"subscribe","topics":"event.*"}', 'topics'],
    ['{"type":"subscribe","camera_ids":["../x"]}', 'camera_ids.0'],
    [JSON.stringify({ type: 'subscribe', topics: Array(33).fill('*') }), 'topics'],
    [JSON.stringify({ type: 'subscribe', camera_ids: Array(501).fill('a') }), 'camera_ids'],
  ])('refuses %s', (text, path) => {
    const parse = () => parseClientMessage(text);
    expect(parse).toThrow(NightjarError);
    expect(parse).toThrow(
      path === '' ? expect.anything() : expect.objectContaining({ faults: [expect.objectContaining({ path })] }),
    );
  });
});

describe('createMatcher', () => {
  it.each([
    ['event.opened', '*', true],
    ['event.opened', 'event.*', true],
    ['event.opened', 'event.opened', true],
    ['event.opened', 'event.closed', false],
    ['event.opened', 'even.*', false],
    ['event.opened', 'detection.*', false],
  ])('%s is of topic %s: %s', (type, topic, expected) => expect(isOfTopic(type, topic)).toBe(expected));

  it.each([
    ['everything without limits', {}, null, 'a', true],
    ['a camera that was asked for', { camera_ids: ['a', 'b'] }, null, 'a', true],
    ['no camera that was not asked for', { camera_ids: ['b'] }, null, 'a', false],
    ['what the key may see', {}, ['a'], 'a', true],
    ['nothing else, though asked for', { camera_ids: ['a'] }, ['b'], 'a', false],
    ['nothing of no camera for a limited key', {}, ['a'], null, false],
    ['what is of no camera for an unlimited key', {}, null, null, true],
    ['nothing for an empty list of topics', { topics: [] }, null, 'a', false],
    ['nothing for an empty list of cameras', { camera_ids: [] }, null, 'a', false],
    ['nothing of another topic', { topics: ['detection.*'] }, null, 'a', false],
  ])('passes %s', (_name, asked, granted, cameraId, expected) =>
    expect(createMatcher(asked, granted)(delivery(cameraId))).toBe(expected),
  );
});
