/** A WebSocket client with a stop watch: hears every durable message, and says when. */
import { once } from 'node:events';
import WebSocket from 'ws';
import type { Message } from '../backend/src/model/wire.ts';
import { API_KEY, type NightjarProcess } from '../backend/tests/harness/nightjar.ts';

/** A burst of 500 frames on one slow core is done in less. */
const ANSWER_WITHIN_MS = 300_000;

type DetectionMessage = Extract<Message, { type: 'detection.created' }>;

export interface Dashboard {
  /** Resolves to `performance.now()` of the arrival of the file's `detection.created`, which may have been already. */
  heard(sourceName: string): Promise<number>;
  /** Everything told so far, in the order of arrival. */
  readonly messages: readonly Message[];
  /** How long a WebSocket ping takes to its pong, milliseconds. One at a time. */
  ping(): Promise<number>;
  close(): void;
}

export async function openDashboard({ url }: NightjarProcess): Promise<Dashboard> {
  const ws = new WebSocket(`${url.replace('http', 'ws')}/ws`, { headers: { 'x-api-key': API_KEY } });
  const messages: Message[] = [];
  const arrivals = createArrivals();

  ws.on('message', (data: Buffer) => {
    const atMs = performance.now();
    const message = JSON.parse(data.toString()) as Message | { readonly type: 'system.status' };
    if ('seq' in message) messages.push(message);
    if (message.type === 'detection.created') arrivals.add(message, atMs);
  });
  await once(ws, 'open');
  ws.send(JSON.stringify({ type: 'subscribe', after: 0 }));

  return {
    messages,
    heard: arrivals.of,
    async ping() {
      const sentMs = performance.now();
      // The protocol's own ping: of the other, which is a message, the program takes 20 a second.
      ws.ping();
      await within<unknown>('a pong', (resolve) => ws.once('pong', resolve));
      return performance.now() - sentMs;
    },
    close: () => ws.close(),
  };
}

function createArrivals() {
  const arrivedMs = new Map<string, number>();
  const waiting = new Map<string, (atMs: number) => void>();
  return {
    add({ data }: DetectionMessage, atMs: number): void {
      arrivedMs.set(data.frame.source_name, atMs);
      waiting.get(data.frame.source_name)?.(atMs);
    },
    of: (sourceName: string): Promise<number> =>
      within(`${sourceName} to be told`, (resolve) => {
        const atMs = arrivedMs.get(sourceName);
        if (atMs === undefined) waiting.set(sourceName, resolve);
        else resolve(atMs);
      }),
  };
}

function within<T>(what: string, start: (resolve: (value: T) => void) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    const limit = setTimeout(() => reject(new Error(`waited ${ANSWER_WITHIN_MS} ms for ${what}`)), ANSWER_WITHIN_MS);
    start((value) => {
      clearTimeout(limit);
      resolve(value);
    });
  });
}
