/** Bytes that no WebSocket client would send, written straight to the connection. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { eventually } from '../../tests/harness/eventually.ts';
import { closeAfterEachTest, createTestHouse, expectSeqs, subscribe, type TestHouse } from './test-house.ts'; // prettier-ignore

const CLOSE_FRAME = 0x88;

closeAfterEachTest();

let house: TestHouse;
let uncaught: unknown[];
const onUncaught = (thrown: unknown): void => void uncaught.push(thrown);
beforeEach(async () => {
  uncaught = [];
  process.on('uncaughtException', onUncaught).on('unhandledRejection', onUncaught);
  house = await createTestHouse({ sockets: { limits: { closeMs: 50 } } });
});
afterEach(() => void process.off('uncaughtException', onUncaught).off('unhandledRejection', onUncaught));

/** A connection past its handshake. */
async function shakeHands(): Promise<{ socket: Socket; heard: () => Buffer }> {
  const socket = connect(Number(new URL(house.url).port), '127.0.0.1');
  socket.on('error', () => undefined); // cut off in the middle of our bytes, which is one of the right answers
  const head = ['GET /ws HTTP/1.1', 'Host: x', 'Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==']; // prettier-ignore
  socket.write(`${head.join('\r\n')}\r\n\r\n`);
  await once(socket, 'data');
  let heard = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => (heard = Buffer.concat([heard, chunk])));
  return { socket, heard: () => heard };
}

interface RawFrame {
  readonly first: number;
  readonly isMasked: boolean;
  readonly payload: Uint8Array;
  /** Instead of the true length. */
  readonly toldLength: bigint | null;
}

function toBytes({ first, isMasked, payload, toldLength }: RawFrame): Buffer {
  const mask = isMasked ? 0x80 : 0;
  const body = [Buffer.alloc(isMasked ? 4 : 0), Buffer.from(payload)];
  if (toldLength === null && payload.length < 126) return Buffer.concat([Buffer.of(first, mask | payload.length), ...body]); // prettier-ignore
  const length = Buffer.alloc(8);
  length.writeBigUInt64BE(toldLength ?? BigInt(payload.length));
  return Buffer.concat([Buffer.of(first, mask | 127), length, ...body]);
}

const text = fc.constantFrom('{"type":"ping"}', '{"type":"subscribe","after":0}', '{', '').map((said) => Buffer.from(said)); // prettier-ignore
const frame = fc.record({
  // Mostly what exists (continued, text, binary, close, ping, pong, each whole or not); now and then any bits at all.
  first: fc.oneof(fc.constantFrom(0, 1, 2, 0x80, 0x81, 0x82, 0x88, 0x89, 0x8a), fc.nat(255)),
  isMasked: fc.oneof({ weight: 9, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) }),
  payload: fc.oneof(text, fc.uint8Array({ maxLength: 300 })),
  toldLength: fc.oneof({ weight: 9, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: fc.bigInt(0n, 2n ** 64n - 1n) }), // prettier-ignore
});
const anyBytes = fc.oneof(
  fc.array(frame, { maxLength: 30 }).map((frames) => Buffer.concat(frames.map(toBytes))),
  fc.uint8Array({ maxLength: 2_000 }).map((bytes) => Buffer.from(bytes)),
);

it('no bytes harm the server, or any other client', { timeout: 60_000 }, async () => {
  const witness = await house.connect();
  await subscribe(witness);
  let sent = 0;
  await fc.assert(
    fc.asyncProperty(anyBytes, fc.boolean(), async (bytes, isReset) => {
      const { socket } = await shakeHands();
      await new Promise((resolve) => socket.write(bytes, resolve));
      if (isReset) socket.resetAndDestroy();
      else socket.end();
      await house.send();
      sent += 1;
    }),
    { numRuns: 300 },
  );
  await expectSeqs(
    witness,
    Array.from({ length: sent }, (_, at) => at + 1),
  );
  await eventually(() => house.server.clientCount() === 1, { what: 'the others gone' });
  expect(uncaught).toEqual([]);
});

const ofText = (payload: Uint8Array, first = 0x81): Buffer => toBytes({ first, isMasked: true, payload, toldLength: null }); // prettier-ignore

it.each<[string, () => Buffer, number]>([
  ['a message in countless pieces', () => Buffer.concat([ofText(Buffer.from('{'), 1), ...Array.from({ length: 2_000 }, () => ofText(Buffer.alloc(0), 0))]), 1008],
  ['countless pings', () => Buffer.concat(Array.from({ length: 1_000 }, () => ofText(Buffer.alloc(0), 0x89))), 1008],
  ['countless pongs that nobody asked for', () => Buffer.concat(Array.from({ length: 1_000 }, () => ofText(Buffer.alloc(0), 0x8a))), 1008],
  ['pieces that are too large together', () => Buffer.concat([ofText(Buffer.alloc(40_000, 'x'), 1), ofText(Buffer.alloc(40_000, 'x'), 0x80)]), 1009],
  ['a length beyond all memory', () => toBytes({ first: 0x81, isMasked: true, payload: Buffer.alloc(0), toldLength: 2n ** 63n }), 1009],
  ['text that is not UTF-8', () => ofText(Buffer.of(0xff, 0xfe)), 1007],
  ['a frame without a mask', () => toBytes({ first: 0x81, isMasked: false, payload: Buffer.from('{}'), toldLength: null }), 1002],
])('%s: closed with a code that says why', async (_what, toBytesSent, code) => {
  const { socket, heard } = await shakeHands();
  const closed = new Promise((resolve) => socket.once('close', resolve));
  socket.write(toBytesSent());
  await closed;
  const at = heard().lastIndexOf(CLOSE_FRAME);
  expect(heard().readUInt16BE(at + 2)).toBe(code);
  expect(uncaught).toEqual([]);
}); // prettier-ignore

it('a message in a few pieces, of which one is a pause with a ping in it, is a message', async () => {
  const { socket, heard } = await shakeHands();
  socket.write(Buffer.concat([ofText(Buffer.from('{"type":'), 1), ofText(Buffer.from('hi'), 0x89), ofText(Buffer.from('"ping"}'), 0x80)])); // prettier-ignore
  await eventually(() => heard().includes('"pong"'), { what: 'the answer' });
  socket.destroy();
});

it('half a message keeps nobody waiting', async () => {
  const { socket } = await shakeHands();
  socket.write(ofText(Buffer.from('{"type":'), 1));
  const other = await house.connect();
  other.say({ type: 'ping' });
  await other.heard('pong');
  socket.destroy();
});
