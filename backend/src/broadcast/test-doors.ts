/** What these tests ask of a house before and beside the protocol. */
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { WebSocket } from 'ws';
import type { Grant } from './connection.ts';
import type { SocketMeter } from './meter.ts';
import type { TestHouse } from './test-house.ts';

/** What plain HTTP says to an upgrade request. */
export async function askForUpgrade(house: TestHouse, path: string) {
  const ws = new WebSocket(`${house.url}${path}`);
  ws.on('error', () => undefined); // the refusal, told by 'unexpected-response' below
  const [, response] = (await once(ws, 'unexpected-response')) as [unknown, IncomingMessage];
  let body = '';
  for await (const part of response) body += String(part);
  const retryAfter = response.headers['retry-after'];
  return { status: response.statusCode ?? 0, retryAfter, body: JSON.parse(body) as unknown };
}

/** Of the key in the query, as in `/ws?a&session=1`. */
export function toGrant(url = ''): Grant {
  const [keyId = '', session = null] = (url.split('?')[1] ?? '').split('&session=');
  return { keyId, cameraIds: null, role: keyId === 'admin' ? 'admin' : 'viewer', sessionId: session };
}

/** Of how connections ended, and why others were none. */
export function createMeter() {
  const closes: (number | null)[] = [];
  const refusals: string[] = [];
  const meter: SocketMeter = {
    opened: () => undefined,
    sent: () => undefined,
    refused: (kind) => void refusals.push(kind),
    closed: (code) => void closes.push(code),
  };
  return { closes, refusals, meter };
}
