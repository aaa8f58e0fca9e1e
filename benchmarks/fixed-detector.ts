/**
 * A detector server that computes nothing: each request takes the same time, however many come at once, and each picture
 * holds one person. A process of its own, so that its cost can be told from that of the program.
 * Argument: the service time, milliseconds.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { TINY_SIZE } from './tiny-picture.ts';

const serviceMs = Number(process.argv[2]);
const size = { image_width: TINY_SIZE.width, image_height: TINY_SIZE.height };
const person = { class: 'person', confidence: 0.9, bbox: { x: 8, y: 8, width: 16, height: 24 } };

async function readBody(request: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  return Buffer.concat(pieces).toString('latin1');
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const names = [...(await readBody(request)).matchAll(/ filename="([^"]*)"/g)].map(([, name]) => name);
  const results = names.map((filename, index) => ({ index, filename, detections: [person], inference_time_ms: 0, ...size })); // prettier-ignore
  if (request.method === 'POST') await sleep(serviceMs);
  const batch = { results, total_inference_time_ms: serviceMs, num_images: names.length };
  const body = request.method === 'POST' ? batch : { status: 'healthy', model_loaded: true };
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

const server = createServer((request, response) => void answer(request, response)).listen(0, '127.0.0.1');
await once(server, 'listening');
process.send?.({ port: (server.address() as AddressInfo).port });
