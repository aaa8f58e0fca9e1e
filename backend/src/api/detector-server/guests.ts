/**
 * Guests: programs that have their own pictures examined by our detector. Their pictures join the batches of the
 * pipeline, so they are bounded in every direction: bytes held, pictures examined at once, pictures that wait, time.
 */
import type { IncomingMessage, OutgoingMessage } from 'node:http';
import { NightjarError } from '../../lib/errors.ts';
import { withTimeLimit } from '../../lib/time-limit.ts';
import { createByteBudget } from './byte-budget.ts';
import { createGuestQueue, type Seen } from './guest-queue.ts';
import { readForm, type Form, type FormFile, type FormOptions } from './multipart.ts';
import type { ApiOptions } from '../options.ts';
import { HttpRefusal } from '../problem.ts';

/** Of all guests together, from when they come until the answer: two of the largest batches. */
const BYTES_HELD_MAX = 512 * 1_024 ** 2;
const FORM_MS_MAX = 30_000;

export type FormWanted = Omit<FormOptions, 'onBytes' | 'signal' | 'fileBytesMax'> & {
  readonly signal?: AbortSignal;
  /** For the whole body. */
  readonly withinMs?: number;
};

export interface Guest {
  /** Throws as the form's reader does, 408 when it takes too long, `overloaded` when guests hold too many bytes. */
  readForm(wanted: FormWanted): Promise<Form>;
  /**
   * What is in each picture, or, where the picture itself is to blame, why it could not be examined. Throws
   * `overloaded` when too many wait and `unavailable` when the detector is away: then all may be sent again.
   */
  look(pictures: readonly FormFile[]): Promise<readonly (Seen | NightjarError)[]>;
}

export interface Guests {
  /** Frees what the guest holds once `use` has settled. Throws `unavailable` without a detector, and `overloaded`. */
  serve<T>(connection: Connection, use: (guest: Guest) => Promise<T>): Promise<T>;
}

interface Connection {
  readonly incoming: IncomingMessage;
  readonly outgoing: OutgoingMessage;
}

export interface GuestLimits {
  readonly bytesHeldMax?: number;
  readonly picturesWaitingMax?: number;
}

type GuestOptions = Pick<ApiOptions, 'detector' | 'health' | 'clock'>;

export function createGuests({ detector, health, clock }: GuestOptions, limits: GuestLimits = {}): Guests {
  const budget = createByteBudget(limits.bytesHeldMax ?? BYTES_HELD_MAX);
  const queue = createGuestQueue(detector, limits.picturesWaitingMax);
  return {
    async serve({ incoming, outgoing }, use) {
      if (!health().modelLoaded) throw new NightjarError('unavailable', 'no detector of this process is ready');
      queue.assertRoom(1); // before a body is read in vain
      const account = budget.open();
      const gone = new AbortController();
      const leave = (): void => gone.abort(new NightjarError('cancelled', 'the client went away'));
      outgoing.once('close', leave);
      try {
        return await use({
          readForm: ({ withinMs: timeoutMs = FORM_MS_MAX, signal, ...wanted }) => {
            const limits = { fileBytesMax: detector.imageBytesMax, onBytes: account.take };
            return withTimeLimit({ timeoutMs, clock, late: () => tooSlow(timeoutMs), signal }, (ending) =>
              readForm(incoming, { ...wanted, ...limits, signal: ending }),
            );
          },
          look: (pictures) => queue.look(pictures, gone.signal),
        });
      } finally {
        outgoing.off('close', leave);
        leave(); // when one picture's failure was that of all, the others need not be examined
        account.close();
      }
    },
  };
}

const tooSlow = (limitMs: number): HttpRefusal =>
  new HttpRefusal(408, `the whole form must come within ${limitMs / 1_000} s`, { Connection: 'close' });
