import type { Clock } from '../../lib/clock.ts';
import type { DeliveryMessage } from '../../model/delivery.ts';
import type { Guard } from '../guard.ts';

/** One delivery on its way out. */
export interface Outgoing {
  /** The same at each attempt: what comes twice can be told by it. */
  readonly id: string;
  readonly message: DeliveryMessage;
  /** JPEG; null where there is none, or none any more. */
  readonly picture: Buffer | null;
  /** Of several recipients those who have it from an earlier attempt. */
  readonly takenBy: readonly string[];
}

export interface SendOptions<Settings> {
  readonly settings: Settings;
  readonly outgoing: Outgoing;
  readonly guard: Guard;
  readonly clock: Clock;
  /** Aborted when its time is up, or the process ends. */
  readonly signal: AbortSignal;
}

/** Resolves to what the other side said, once it has taken it. Throws a NightjarError; see SendError. */
export type Send<Settings> = (options: SendOptions<Settings>) => Promise<string>;
