/** A dashboard that always comes back: whenever its connection is cut it connects anew and asks for what it missed. */
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import WebSocket from 'ws';
import { API_KEY } from '../harness/nightjar.ts';

const RECONNECT_MS = 100;
const CONNECT_MS_MAX = 5_000;

export interface Client {
  readonly name: string;
  lastSeq(): number;
  connects(): number;
  /** Gaps, doubles, disorder and refusals since the last time this was asked. */
  takeFaults(): readonly string[];
  /** What was heard since the last time this was asked: number to digest. */
  takeHeard(): ReadonlyMap<number, string>;
  close(): Promise<void>;
}

export function createClient(name: string, url: string): Client {
  const stop = new AbortController();
  let lastSeq = 0;
  let connects = 0;
  const faults: string[] = [];
  let heard = new Map<number, string>();

  function onMessage(text: string): void {
    const message = JSON.parse(text) as { seq?: number; type: string; at?: string; data: unknown };
    if (message.type === 'replay.gap' || message.type === 'error') faults.push(`${name} was told ${text}`);
    if (typeof message.seq !== 'number') return;
    if (message.seq !== lastSeq + 1) faults.push(`${name} heard ${message.seq} after ${lastSeq}`);
    lastSeq = message.seq;
    heard.set(message.seq, toDigest(message.type, message.at ?? '', message.data));
  }

  async function connectOnce(): Promise<void> {
    const ws = new WebSocket(`${url.replace('http', 'ws')}/ws`, {
      headers: { 'x-api-key': API_KEY },
      handshakeTimeout: CONNECT_MS_MAX,
    });
    const onStop = (): void => ws.terminate();
    stop.signal.addEventListener('abort', onStop);
    // Not `once` of node:events: that rejects when an error comes first, and here one does.
    const closed = new Promise<void>((resolve) => ws.once('close', () => resolve()));
    ws.on('error', () => undefined); // refused while nobody listens, cut when it dies: 'close' follows
    ws.on('open', () => {
      connects += 1;
      ws.send(JSON.stringify({ type: 'subscribe', after: lastSeq }));
    });
    ws.on('message', (data: Buffer) => onMessage(data.toString()));
    await closed;
    stop.signal.removeEventListener('abort', onStop);
  }

  async function run(): Promise<void> {
    while (!stop.signal.aborted) {
      await connectOnce();
      if (!stop.signal.aborted) await sleep(RECONNECT_MS);
    }
  }

  const running = run();
  return {
    name,
    lastSeq: () => lastSeq,
    connects: () => connects,
    takeFaults: () => faults.splice(0),
    takeHeard() {
      const taken = heard;
      heard = new Map();
      return taken;
    },
    async close() {
      stop.abort();
      await running;
    },
  };
}

/** The same for the same message, whatever the order of its names. */
export const toDigest = (type: string, at: string, data: unknown): string =>
  createHash('sha1')
    .update(JSON.stringify([type, at, sortNames(data)]))
    .digest('base64');

function sortNames(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortNames);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([name, inner]) => [name, sortNames(inner)] as const);
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}
