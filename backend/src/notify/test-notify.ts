/** What the tests of this room share: a house with an alert to tell of, channels, and a receiver on loopback. */
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach } from 'vitest';
import { createCleanups } from '../../tests/harness/cleanups.ts';
import { createTestDatabase, type TestDatabase } from '../../tests/harness/database.ts';
import { seedCamera, seedEvent, seedFrame, seedTime } from '../api/tests/seed.ts';
import { switchChannelOff } from '../api/index.ts';
import { systemClock as clock } from '../lib/clock.ts';
import { newId } from '../lib/id.ts';
import { silentLog as log } from '../lib/log.ts';
import type { Alert } from '../model/alert.ts';
import type { ChannelKind } from '../model/channel.ts';
import { toAlertWire } from '../model/wire.ts';
import type { DeliveryMessage } from '../model/delivery.ts';
import { createEnqueue } from './enqueue.ts';
import { createGuard } from './guard.ts';
import { createSenders } from './kinds/index.ts';
import type { SendOptions } from './kinds/kind.ts';
import { createDeliveryWorker, type WorkerOptions } from './worker.ts';

export const cleanups = createCleanups();
export let db: TestDatabase;
/** Loopback only where a test says so. */
export const guard = createGuard({ allowed: ['127.0.0.0/8'] });
export const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;

/** To be called at the top of a test file: modules are loaded once for many files, and would do it for the first only. */
export function openForEachTest(): void {
  beforeEach(async () => {
    db = await createTestDatabase();
    cleanups.add(() => db.close());
    await seedCamera(db, 'yard');
  });
  afterEach(cleanups.run);
}

export const webhookTo = (url: string, more: object = {}) =>
  ({ url, ca: null, secret: SECRET, previous_secrets: [], ...more }); // prettier-ignore

export async function seedChannel(kind: ChannelKind, settings: object, { enabled = true } = {}): Promise<string> {
  const id = newId();
  await db.query((sql) => sql`
    insert into channels (id, name, kind, enabled, settings)
    values (${id}, 'a channel', ${kind}, ${enabled}, ${JSON.stringify(settings)}::text::jsonb)`); // prettier-ignore
  return id;
}

export const toAlert = (partial: Partial<Alert> = {}): Alert => ({
  id: newId(),
  ruleId: null,
  ruleName: 'People at night',
  eventId: newId(),
  cameraId: 'yard',
  frameId: newId(),
  capturedAt: seedTime(0),
  createdAt: seedTime(1),
  label: 'person',
  score: 0.9,
  zoneIds: [],
  riskScore: 70,
  riskLevel: 'high',
  summary: 'A person in the yard.',
  acknowledgedAt: null,
  acknowledgedBy: null,
  ...partial,
});

export async function seedAlert(partial: Partial<Alert> = {}): Promise<Alert> {
  const cameraId = partial.cameraId ?? 'yard';
  const frameId = await seedFrame(db, { cameraId, capturedAt: seedTime(0) });
  const eventId = await seedEvent(db, { cameraId, bestFrameId: frameId, startedAt: seedTime(0) });
  const alert = toAlert({ eventId, frameId, ...partial });
  await db.query((sql) => sql`
    insert into alerts (id, rule_name, event_id, camera_id, frame_id, captured_at, created_at, label, score, zone_ids, risk_score, risk_level, summary)
    values (${alert.id}, ${alert.ruleName}, ${eventId}, ${cameraId}, ${frameId}, ${alert.capturedAt}, ${alert.createdAt}, ${alert.label},
      ${alert.score}, '{}', ${alert.riskScore}, ${alert.riskLevel}, ${alert.summary})`); // prettier-ignore
  return alert;
}

/** An alert on its way, as rules put it there. */
export async function enqueueAlert(channelIds: readonly string[], publicUrl?: string): Promise<Alert> {
  const alert = await seedAlert();
  await db.transaction((tx) => createEnqueue({ newId, publicUrl })(tx, alert, channelIds));
  return alert;
}

export function startWorker(options: Partial<WorkerOptions> = {}) {
  const senders = createSenders(() => () => Promise.reject(new Error('no broker here')));
  const readPicture = () => Promise.resolve(null);
  const switchOff: WorkerOptions['switchOff'] = (channel) => db.transaction((tx) => switchChannelOff(tx, channel));
  const worker = createDeliveryWorker({
    db,
    clock,
    log,
    guard,
    senders,
    readPicture,
    linked: () => [],
    switchOff,
    ...options,
  });
  cleanups.add(() => worker.close());
  return worker;
}

interface Row {
  readonly id: string;
  readonly state: string;
  readonly attempts: number;
  readonly response: string | null;
  readonly errorKind: string | null;
  readonly errorMessage: string | null;
  readonly availableAt: Date;
}

export const readDeliveries = () => db.query((sql) => sql<Row[]>`select * from deliveries order by id`);
export const makeDue = () => db.query((sql) => sql`update deliveries set available_at = now() where state = 'pending'`);

export interface Received {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** A receiver; `answer` decides, 204 where it says nothing. */
export async function startReceiver(
  answer: (received: Received, response: ServerResponse) => void = (_, response) => void response.writeHead(204).end(),
) {
  const received: Received[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { method = '', url: path = '', headers } = request;
    const one = { method, path, headers, body: Buffer.concat(chunks) };
    received.push(one);
    answer(one, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanups.add(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  return { received, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

export const toMessage = (partial: Partial<Alert> = {}, cameraName = 'Front yard', link?: string): DeliveryMessage => ({
  type: 'alert.created',
  timestamp: '2025-06-01T12:00:01.000Z',
  data: {
    alert: toAlertWire(toAlert(partial)),
    camera_name: cameraName,
    links: link === undefined ? null : { page: link, event: link, image: link },
  },
});

export const toSending = <Settings>(
  settings: Settings,
  message = toMessage(),
  picture: Buffer | null = null,
): SendOptions<Settings> => ({
  settings,
  outgoing: { id: newId(), message, picture, takenBy: [] },
  guard,
  clock,
  signal: new AbortController().signal,
});
