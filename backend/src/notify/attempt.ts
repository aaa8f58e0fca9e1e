/** One attempt to deliver, within its time. Never throws: what went wrong is an outcome. */
import type { Clock } from '../lib/clock.ts';
import { NightjarError, toNightjarError } from '../lib/errors.ts';
import { answerWithin, withTimeLimit } from '../lib/time-limit.ts';
import { storedChannelSchema } from '../model/channel.ts';
import { deliveryMessageSchema, takenBySchema, type DeliveryMessage } from '../model/delivery.ts';
import type { Guard } from './guard.ts';
import { late } from './http.ts';
import type { Senders } from './kinds/index.ts';
import { wantsPicture, toSend } from './kinds/index.ts';
import type { ClaimedDelivery } from './ledger.ts';

const ATTEMPT_MS_MAX = 12_000;
/** Whatever becomes of the picture, the words go out. */
const PICTURE_MS_MAX = 4_000;

/** The annotated picture as JPEG; null when there is none any more. */
export type ReadPicture = (frameId: string) => Promise<Buffer | null>;

export interface AttemptTools {
  readonly senders: Senders;
  readonly guard: Guard;
  readonly clock: Clock;
  readonly readPicture: ReadPicture;
  /** Told of a picture that could not be had. */
  readonly onNoPicture: (thrown: unknown) => void;
}

export type Outcome =
  | { readonly isDelivered: true; readonly response: string }
  | { readonly isDelivered: false; readonly error: NightjarError };

export async function attempt(delivery: ClaimedDelivery, tools: AttemptTools, signal: AbortSignal): Promise<Outcome> {
  const { clock } = tools;
  try {
    const limit = { timeoutMs: ATTEMPT_MS_MAX, clock, late, signal };
    return {
      isDelivered: true,
      response: await withTimeLimit(limit, (within) =>
        Promise.race([send(delivery, tools, within), untilAborted(within)]),
      ),
    };
  } catch (thrown) {
    return { isDelivered: false, error: signal.aborted ? cancelled(thrown) : toNightjarError(thrown) };
  }
}

/** Whoever sends heeds the signal too; but not every library can be told to stop. */
const untilAborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));

const cancelled = (cause: unknown): NightjarError => new NightjarError('cancelled', 'the process ends', { cause });

async function send({ id, payload, channel }: ClaimedDelivery, tools: AttemptTools, signal: AbortSignal) {
  const known = storedChannelSchema.safeParse(channel);
  const message = deliveryMessageSchema.safeParse(payload);
  const taken = takenBySchema.safeParse(payload);
  if (!known.success || !message.success || !taken.success)
    throw new NightjarError(
      'invalid',
      'its channel, or what is to be sent, was stored in a form that is not known here',
    );
  const picture = wantsPicture(known.data.kind) ? await readPictureOf(message.data, tools) : null;
  signal.throwIfAborted();
  const outgoing = { id, message: message.data, picture, takenBy: taken.data.taken_by };
  return toSend(known.data, tools.senders)({ outgoing, ...tools, signal });
}

async function readPictureOf(message: DeliveryMessage, { readPicture, clock, onNoPicture }: AttemptTools) {
  if (message.type !== 'alert.created') return null;
  try {
    const limit = { timeoutMs: PICTURE_MS_MAX, clock, late };
    return await answerWithin(limit, () => readPicture(message.data.alert.frame_id));
  } catch (thrown) {
    onNoPicture(thrown);
    return null;
  }
}
