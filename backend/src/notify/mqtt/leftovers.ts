/**
 * What was told at brokers for channels that are switched off. As long as such a channel is there it stays, for it may be
 * switched on again; when the channel goes or moves, it is taken back. Known from the channels themselves, so it outlives a
 * restart; only of a channel that goes while no process runs nobody knows.
 */
import { toMessage } from '../../lib/errors.ts';
import type { Logger } from '../../lib/log.ts';
import { withRetry } from '../../lib/retry.ts';
import { isSameMqttPlace, type MqttSettings } from '../../model/channel.ts';
import { forget, type ForgetOptions } from './forget.ts';

const AGAIN_MS = 15_000;
const WITHIN_MS = 600_000;

export interface OffChannel {
  readonly id: string;
  readonly settings: MqttSettings;
}

export interface Leftovers {
  /** Whether there is anything to remember. */
  isEmpty(): boolean;
  /** How things are: channels switched off, and all places that are in use. Only one process is to act on it. */
  see(channels: {
    readonly off: readonly OffChannel[];
    readonly used: readonly MqttSettings[];
    readonly mayAct: boolean;
  }): void;
  close(): Promise<void>;
}

export function createLeftovers(options: Omit<ForgetOptions, 'signal'> & { readonly log: Logger }): Leftovers {
  const { clock, log } = options;
  const stop = new AbortController();
  const forgetting = new Set<Promise<void>>();
  let told = new Map<string, MqttSettings>();

  function takeBack(id: string, settings: MqttSettings): void {
    const retry = { clock, delayMs: AGAIN_MS, withinMs: WITHIN_MS, signal: stop.signal };
    const work = withRetry(() => forget(settings, { ...options, signal: stop.signal }), retry)
      .catch((thrown: unknown) =>
        log.warn({ channel_id: id, err: thrown }, `what a channel has told stays at its broker: ${toMessage(thrown)}`),
      )
      .finally(() => forgetting.delete(work));
    forgetting.add(work);
  }

  return {
    isEmpty: () => told.size === 0,
    see({ off, used, mayAct }) {
      const before = told;
      told = new Map(off.map(({ id, settings }) => [id, settings]));
      if (!mayAct) return;
      for (const [id, settings] of before)
        if (!used.some((other) => isSamePlace(other, settings))) takeBack(id, settings);
    },
    async close() {
      stop.abort();
      await Promise.all(forgetting);
    },
  };
}

/** With another prefix of discovery its words stand elsewhere, and are found by nobody. */
const isSamePlace = (a: MqttSettings, b: MqttSettings): boolean =>
  isSameMqttPlace(a, b) && a.base_topic === b.base_topic && a.discovery_prefix === b.discovery_prefix;
