/**
 * A crowd of WebSocket clients in a process of its own, as light as can be: they share the machine with what is measured.
 * Each reads its frames straight from the connection, and checks that the numbers of the messages follow one on the other.
 * Arguments: the port, how many clients. Then it takes orders; see socket-crowd.ts.
 */
import { connect, type Socket } from 'node:net';
import type { CrowdOrder, CrowdWord } from './socket-crowd.ts';
import { nowUs, toBucket } from './socket-times.ts';

const [port, clients] = process.argv.slice(2).map(Number) as [number, number];

const TEXT = 0x81;
const PING = 0x89;
const PONG = 0x8a;
const MASKED = 0x80;
const NO_MASK = Buffer.alloc(4);
const HEAD_END = '\r\n\r\n';
const SEQ = Buffer.from('{"seq":');
const SENT = Buffer.from('"summary":"');
const ZERO = 48;
const NINE = 57;

interface Client {
  readonly socket: Socket;
  lastSeq: number;
  received: number;
  faults: number;
}

let order: CrowdOrder = { expected: 0, firstSeq: 0, isTimed: false };
let passed = 0;
let completed = 0;
let buckets = new Map<number, number>();
const crowd: Client[] = [];

/** A frame as clients send them: masked, with a mask of zeros. */
function toMasked(first: number, payload: Buffer): Buffer {
  return Buffer.concat([Buffer.of(first, MASKED | payload.length), NO_MASK, payload]);
}

function readNumber(bytes: Buffer, from: number): number {
  let value = 0;
  for (let at = from; ; at += 1) {
    const digit = bytes[at] ?? 0;
    if (digit < ZERO || digit > NINE) return value;
    value = value * 10 + digit - ZERO;
  }
}

function onMessage(client: Client, bytes: Buffer, from: number, to: number): void {
  if (bytes.compare(SEQ, 0, SEQ.length, from, from + SEQ.length) !== 0) return; // a passing message
  const seq = readNumber(bytes, from + SEQ.length);
  // The bare loop sends the same frame again and again: its numbers stand still.
  if (order.firstSeq > 0 && seq !== client.lastSeq + 1) client.faults += 1;
  client.lastSeq = seq;
  client.received += 1;
  if (order.isTimed) countLatency(bytes.subarray(from, to));
  if (client.received === order.milestone && ++passed === crowd.length) say('milestone');
  if (client.received === order.expected && ++completed === crowd.length) say('report');
}

function countLatency(payload: Buffer): void {
  const sentUs = readNumber(payload, payload.indexOf(SENT) + SENT.length);
  const bucket = toBucket(nowUs() - sentUs);
  buckets.set(bucket, (buckets.get(bucket) ?? 0) + 1);
}

function say(kind: CrowdWord['kind']): void {
  const faults = crowd.reduce((total, client) => total + client.faults, 0);
  const received = crowd.reduce((total, client) => total + client.received, 0);
  process.send?.({ kind, report: { faults, received, buckets: [...buckets] } } satisfies CrowdWord);
}

/** Reads whole frames; returns what is left of the last one. */
function onBytes(client: Client, bytes: Buffer): Buffer {
  let at = 0;
  while (at + 2 <= bytes.length) {
    const short = bytes[at + 1] ?? 0;
    const headBytes = short === 127 ? 10 : short === 126 ? 4 : 2;
    if (at + headBytes > bytes.length) break;
    const length = short === 127 ? bytes.readUIntBE(at + 4, 6) : short === 126 ? bytes.readUInt16BE(at + 2) : short;
    const end = at + headBytes + length;
    if (end > bytes.length) break;
    if (bytes[at] === TEXT) onMessage(client, bytes, at + headBytes, end);
    if (bytes[at] === PING) client.socket.write(toMasked(PONG, bytes.subarray(at + headBytes, end)));
    at = end;
  }
  return bytes.subarray(at);
}

/** Resolves once the handshake is done. */
function join(): Promise<Client> {
  const socket = connect(port, '127.0.0.1').setNoDelay();
  const client: Client = { socket, lastSeq: 0, received: 0, faults: 0 };
  const head = [`GET /ws HTTP/1.1`, 'Host: x', 'Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==']; // prettier-ignore
  socket.write(`${head.join('\r\n')}${HEAD_END}`);
  let isOpen = false;
  let rest: Buffer = Buffer.alloc(0);
  return new Promise((resolve, reject) => {
    socket.on('error', reject).on('close', () => (client.faults += 1));
    socket.on('data', (chunk: Buffer) => {
      rest = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk;
      if (!isOpen) {
        const end = rest.indexOf(HEAD_END);
        if (end < 0) return;
        isOpen = true;
        rest = rest.subarray(end + HEAD_END.length);
        resolve(client);
      }
      rest = onBytes(client, rest);
    });
  });
}

process.on('message', (given: CrowdOrder) => {
  order = given;
  passed = 0;
  completed = 0;
  buckets = new Map();
  for (const client of crowd) {
    client.received = 0;
    if (order.firstSeq > 0) client.lastSeq = order.firstSeq - 1;
    if (order.subscribe !== undefined) client.socket.write(toMasked(TEXT, Buffer.from(order.subscribe)));
  }
  say('ready');
});
// Its parent is gone, or done with it.
process.on('disconnect', () => process.exit(0));

// Some at a time: the kernel queues only so many that nobody has accepted yet.
while (crowd.length < clients)
  crowd.push(...(await Promise.all(Array.from({ length: Math.min(50, clients - crowd.length) }, join))));
say('joined');
