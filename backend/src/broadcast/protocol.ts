/** What clients and we say to each other on `/ws`, apart from the durable messages. */
import { z } from 'zod';
import { NightjarError, type InputFault } from '../lib/errors.ts';
import { cameraIdSchema } from '../model/wire.ts';
import { toTextFrame, type Delivery } from './delivery.ts';

const TOPICS_MAX = 32;
const CAMERA_IDS_MAX = 500;
/** Told of a message that has more: the answer must not be larger than the question. */
const FAULTS_TOLD_MAX = 10;

/** `*`, `event.*` or `event.opened`. Types that do not exist (yet) are no fault: they just never come. */
const topicSchema = z
  .string()
  .max(64)
  .regex(/^(\*|[a-z_]+\.(\*|[a-z_]+))$/, 'a topic is a message type, as in event.opened, or event.*, or *');

/** The length is checked first: 30,000 faulty items in 64 KiB would each cost more than they did the client. */
const listOf = <Item extends z.ZodType>(item: Item, itemsMax: number) =>
  z.array(z.unknown()).max(itemsMax).pipe(z.array(item)).nullish();

const subscribeSchema = z.object({
  type: z.literal('subscribe'),
  topics: listOf(topicSchema, TOPICS_MAX),
  camera_ids: listOf(cameraIdSchema, CAMERA_IDS_MAX),
  after: z.int().min(0).nullish(),
});
export type Subscribe = z.infer<typeof subscribeSchema>;

const clientMessageSchema = z.discriminatedUnion('type', [subscribeSchema, z.object({ type: z.literal('ping') })]);
export type ClientMessage = z.infer<typeof clientMessageSchema>;

/** Throws `invalid` with the faults found. */
export function parseClientMessage(text: string): ClientMessage {
  const parsed = clientMessageSchema.safeParse(parseJson(text));
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues
    .slice(0, FAULTS_TOLD_MAX)
    .map(({ path, message }) => ({ path: path.join('.'), message }));
  throw new NightjarError('invalid', 'not a message of the protocol', { cause: parsed.error, faults });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new NightjarError('invalid', 'messages are JSON text', { cause });
  }
}

/** Whether a client gets a message: what it asked for, within what its key may see. Absent lists mean everything. */
export function createMatcher(
  { topics, camera_ids: asked }: Pick<Subscribe, 'topics' | 'camera_ids'>,
  granted: readonly string[] | null,
): (delivery: Delivery) => boolean {
  const lists = [asked, granted].filter((list) => list != null).map((list) => new Set(list));
  const isSeen = (cameraId: string | null): boolean =>
    lists.every((cameras) => cameraId !== null && cameras.has(cameraId));
  return ({ type, cameraId }) => (!topics || topics.some((topic) => isOfTopic(type, topic))) && isSeen(cameraId);
}

export const isOfTopic = (type: string, topic: string): boolean =>
  topic.endsWith('*') ? type.startsWith(topic.slice(0, -1)) : type === topic;

interface PassingData {
  readonly subscribed: { readonly latest_seq: number };
  readonly pong: Record<string, never>;
  readonly 'system.status': object;
  readonly 'replay.gap': { readonly oldest: number };
  readonly error: { readonly kind: string; readonly message: string; readonly errors: readonly InputFault[] };
}

/** A passing message as a WebSocket frame: no `seq`, never replayed. */
export const toPassingFrame = <Type extends keyof PassingData>(type: Type, data: PassingData[Type]): Buffer =>
  toTextFrame(JSON.stringify({ type, data }));
