import pLimit, { type LimitFunction } from 'p-limit';
import { NightjarError } from '../../lib/errors.ts';
import { toNetwork } from '../identity/network.ts';

/** Forms of strangers that are received at once, and how many wait for that. */
const RECEIVED_MAX = 4;
const WAITING_MAX = 128;
/** Of these, those of one network. */
const RECEIVED_OF_ONE_MAX = 2;
const WAITING_OF_ONE_MAX = 16;

export interface Places {
  /** Runs `use` when there is a place for this address. Throws `overloaded` when too many wait. */
  take<T>(address: string | null, use: () => Promise<T>): Promise<T>;
}

/**
 * Places for those of whom nothing is known but where they come from. A network waits for its own first and only then
 * with the others, so that however many one sends, no other finds more than two of them before its own.
 */
export function createPlaces(): Places {
  const all = pLimit(RECEIVED_MAX);
  const networks = new Map<string, { readonly places: LimitFunction; held: number }>();
  let held = 0;

  return {
    async take(address, use) {
      const network = toNetwork(address);
      const own = networks.get(network) ?? { places: pLimit(RECEIVED_OF_ONE_MAX), held: 0 };
      if (own.held >= RECEIVED_OF_ONE_MAX + WAITING_OF_ONE_MAX || held >= RECEIVED_MAX + WAITING_MAX)
        throw new NightjarError('overloaded', 'too many forms came without a key in the headers: try again in a moment'); // prettier-ignore
      networks.set(network, own);
      own.held += 1;
      held += 1;
      try {
        return await own.places(() => all(use));
      } finally {
        own.held -= 1;
        held -= 1;
        if (own.held === 0) networks.delete(network);
      }
    },
  };
}
