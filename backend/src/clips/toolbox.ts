import type { Clock } from '../lib/clock.ts';
import { toMessage } from '../lib/errors.ts';
import type { Logger } from '../lib/log.ts';
import type { Tools } from './ffmpeg/tools.ts';

const LOOK_AGAIN_MS = 60_000;

export interface Toolbox {
  /** Undefined while there is no ffmpeg; looked for once a minute. */
  take(signal: AbortSignal): Promise<Tools | undefined>;
  /** Looks at once. */
  isThere(signal: AbortSignal): Promise<boolean>;
  health(): { readonly state: 'ready' | 'unavailable'; readonly reason: string | null };
}

interface ToolboxOptions {
  readonly find: (signal: AbortSignal) => Promise<Tools>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly lookAgainMs?: number;
}

/** ffmpeg may be missing and come later: that is said once, when it changes. */
export function createToolbox({ find, clock, log, lookAgainMs = LOOK_AGAIN_MS }: ToolboxOptions): Toolbox {
  let tools: Tools | undefined;
  let reason: string | null = null;
  let nextMs = -Infinity;

  function onFound(found: Tools): void {
    if (reason !== null) log.info({ version: found.version }, 'ffmpeg is there: clips are cut again');
    [tools, reason] = [found, null];
  }

  function onMissing(thrown: unknown): void {
    if (reason === null) log.warn({ err: thrown }, `clips wait: ${toMessage(thrown)}`);
    [tools, reason, nextMs] = [undefined, toMessage(thrown), clock.nowMs() + lookAgainMs];
  }

  async function look(signal: AbortSignal): Promise<void> {
    await find(signal).then(onFound, (thrown: unknown) => {
      if (!signal.aborted) onMissing(thrown);
    });
  }

  return {
    async take(signal) {
      // A clock that was set back must not put this off for ever.
      const isDue = clock.nowMs() >= nextMs || clock.nowMs() < nextMs - lookAgainMs;
      if (!tools && isDue) await look(signal);
      return tools;
    },
    async isThere(signal) {
      await look(signal);
      return tools !== undefined;
    },
    health: () => ({ state: reason === null ? 'ready' : 'unavailable', reason }),
  };
}
