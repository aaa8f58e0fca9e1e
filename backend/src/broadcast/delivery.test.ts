import type { Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import * as ws from 'ws';
import type { Message } from '../model/wire.ts';
import { toCameraIdOf, toDelivery, toTextFrame } from './delivery.ts';
import { alertCreated, cameraCreated, detectionCreated, eventOpened, frameDead } from './test-messages.ts';

const at = '2026-03-01T12:00:00.000Z';

describe('toCameraIdOf', () => {
  it.each([cameraCreated('a'), detectionCreated('a'), eventOpened('a'), alertCreated('a'), frameDead('a')])(
    '$type',
    (message) => {
      expect(toCameraIdOf({ seq: 1, at, ...message })).toBe('a');
    },
  );

  it('of a type not known here is none', () => {
    const message = { seq: 1, at, type: 'door.opened', data: {} } as unknown as Message;
    expect(toDelivery(message)).toMatchObject({ seq: 1, type: 'door.opened', cameraId: null });
  });
});

describe('toTextFrame', () => {
  // The three forms of a length in RFC 6455, at their borders; é makes bytes and characters differ.
  it.each([0, 1, 125, 126, 127, 65_535, 65_536, 200_000])('of %i bytes is read back by ws', (bytes) => {
    const text = bytes < 2 ? 'x'.repeat(bytes) : `é${'x'.repeat(bytes - 2)}`;
    const received: string[] = [];
    const receiver = createReceiver();
    receiver.on('message', (data: Buffer, isBinary: boolean) => received.push(`${isBinary}:${data.toString()}`));
    receiver.write(toTextFrame(text));
    expect(received).toEqual([`false:${text}`]);
  });
});

/** The half of `ws` that reads frames; exported, but unknown to its types. */
function createReceiver(): Writable {
  const { Receiver } = ws as unknown as { Receiver: new (options: object) => Writable };
  return new Receiver({ isServer: false, allowSynchronousEvents: true });
}
