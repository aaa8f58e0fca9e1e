import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Clock } from '../lib/clock.ts';
import { silentLog } from '../lib/log.ts';
import { createClient } from './client.ts';
import { toDelivery, type Delivery } from './delivery.ts';
import type { Hub } from './hub.ts';
import { socketLimits } from './limits.ts';
import type { Link } from './link.ts';
import { eventOpened } from './test-messages.ts';

const SECOND_MS = 1_000;
const ANSWER_BYTES_MAX = 4_000;
const ping = '{"type":"ping"}';

/** A hub that holds nothing yet. */
function createEmptyHub() {
  const attached = new Set<(deliveries: readonly Delivery[]) => void>();
  const hub: Hub = {
    latestSeq: () => 0,
    readLatest: async () => 0,
    attach(onDeliveries) {
      attached.add(onDeliveries);
      return () => void attached.delete(onDeliveries);
    },
    readPage: async () => ({ deliveries: [], upTo: 0 }),
    inTurn: async (work) => work(),
    close: async () => undefined,
  };
  return { hub, attached };
}

/** A client by itself: a clock that stands still until it is moved, and a link that remembers. */
function createLonely({ hub, attached } = createEmptyHub()) {
  const sent: Buffer[] = [];
  const state = { nowMs: 0, bufferedBytes: 0, closedWith: 0 };
  const clock: Clock = { nowMs: () => state.nowMs, sleep: () => new Promise(() => undefined) };
  const link: Link = {
    send: (frame) => void sent.push(frame),
    together: (write) => write(),
    bufferedBytes: () => state.bufferedBytes,
    drained: async () => undefined,
    close: (code) => (state.closedWith ||= code),
  };
  const client = createClient({ hub, link, cameraIds: null, clock, log: silentLog, limits: socketLimits });
  const types = () => sent.map((frame) => (JSON.parse(toText(frame)) as { type: string }).type);
  return { client, sent, state, types, attached };
}

/** What stands in an unmasked frame. */
function toText(frame: Buffer): string {
  const [, length = 0] = frame;
  return frame.subarray(length === 127 ? 10 : length === 126 ? 4 : 2).toString();
}

describe('floods', () => {
  it('a client that pings once a second is no flood, for ever', () => {
    const { client, state, types } = createLonely();
    for (let second = 0; second < 3_600; second++) {
      state.nowMs = second * SECOND_MS;
      client.onMessage(ping);
    }
    expect(state.closedWith).toBe(0);
    expect(types()).toEqual(Array(3_600).fill('pong'));
  });

  it('as many as are allowed in each second pass, one more is closed with 1008 and not heard any more', () => {
    const { client, state, sent } = createLonely();
    const allowed = socketLimits.messagesPerSecondMax;
    for (const second of [1, 2, 3]) {
      state.nowMs = second * SECOND_MS;
      for (let count = 0; count < allowed; count++) client.onMessage(ping);
    }
    expect(state.closedWith).toBe(0);
    client.onMessage(ping);
    expect([state.closedWith, sent.length]).toEqual([1008, 3 * allowed]);
    client.onMessage(ping);
    expect(sent).toHaveLength(3 * allowed);
  });

  it('faulty messages count as well', () => {
    const { client, state } = createLonely();
    for (let count = 0; count < socketLimits.messagesPerSecondMax + 1; count++) client.onMessage('{');
    expect(state.closedWith).toBe(1008);
  });

  it('who asks on without taking the answers is closed with 4008', () => {
    const { client, state, sent } = createLonely();
    state.bufferedBytes = socketLimits.bufferedBytesMax + 1;
    client.onMessage(ping);
    expect([state.closedWith, sent.length]).toEqual([4008, 0]);
  });
});

describe('whatever a client says', () => {
  const deep = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`;
  const hostile = fc.constantFrom(
    deep(30_000),
    `{"type":"subscribe","topics":${deep(30_000)}}`,
    `{"type":"subscribe","topics":[${'1,'.repeat(30_000)}1]}`,
    `{"type":"subscribe","camera_ids":[${'"../x",'.repeat(9_000)}"../x"]}`,
    `{"type":"subscribe","camera_ids":[${'"../x",'.repeat(499)}"../x"]}`,
    `{"type":"subscribe","after":1${'0'.repeat(60_000)}}`,
    '{"type":"subscribe","after":1e308}',
    '{"type":"subscribe","after":9007199254740991}',
    '{"type":"subscribe","after":9007199254740993}',
    '{"type":"subscribe","after":-0}',
    '{"type":"subscribe","after":"1"}',
    '{"type":{"toString":1}}',
    '{"__proto__":{"type":"ping"}}',
    '{"type":"subscribe","constructor":{"prototype":{}},"topics":["*"]}',
    `{"type":"${'x'.repeat(60_000)}"}`,
    '\u0000',
    '\ufeff{"type":"ping"}',
  );
  const field = fc.oneof(fc.jsonValue(), fc.constantFrom('*', ['*'], ['event.*'], [''], null, -1, 0.5, 2 ** 53));
  const nearly = fc
    .record({ type: fc.constantFrom('subscribe', 'ping', 'x', null), topics: field, camera_ids: field, after: field }, { requiredKeys: [] })
    .map((message) => JSON.stringify(message)); // prettier-ignore
  const anything = fc.oneof(
    hostile,
    nearly,
    fc.json(),
    fc.string({ unit: 'binary', maxLength: 200 }),
    fc.constant(null),
  );

  it('is answered, never throws, and costs no larger answer', () => {
    fc.assert(
      fc.property(anything, (text) => {
        const { client, sent, types, state } = createLonely();
        client.onMessage(text);
        expect(types()).toEqual([expect.stringMatching(/^(error|pong|subscribed)$/)]);
        expect(sent[0]?.length).toBeLessThan(ANSWER_BYTES_MAX);
        expect(state.closedWith).toBe(0);
        client.onMessage(ping);
        expect(types().at(-1)).toBe('pong');
      }),
      { numRuns: 2_000 },
    );
  });
});

it('one message to many clients is one frame in memory', async () => {
  const shared = createEmptyHub();
  const clients = Array.from({ length: 50 }, () => createLonely(shared));
  for (const { client } of clients) client.onMessage('{"type":"subscribe"}');
  await new Promise(setImmediate);
  expect(shared.attached.size).toBe(50);
  const delivery = toDelivery({ seq: 1, at: '2026-03-01T12:00:00.000Z', ...eventOpened() });
  for (const onDeliveries of shared.attached) onDeliveries([delivery]);
  for (const { sent } of clients) expect(sent.at(-1)).toBe(delivery.frame);
});
