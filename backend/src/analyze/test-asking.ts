/** An analyst on a real client, for the tests of this room. */
import { systemClock } from '../lib/clock.ts';
import { silentLog } from '../lib/log.ts';
import type { Analyst } from '../model/analysis.ts';
import { createLlmAnalyst, createLlmClient, type LlmAnalystOptions, type LlmClientOptions } from './index.ts';

type Overrides = Partial<Omit<LlmAnalystOptions, 'client'> & Omit<LlmClientOptions, 'url'>>;

export function createTestAnalyst(url: string, overrides: Overrides = {}): Analyst {
  const { api = 'chat', model, apiKey, timeoutMs = 10_000, outputTokensMax = 500, ...rest } = overrides;
  return createLlmAnalyst({
    client: createLlmClient({ url, api, model, apiKey, timeoutMs, outputTokensMax, clock: systemClock }),
    bands: { lowMax: 29, mediumMax: 59, highMax: 84 },
    timeZone: 'UTC',
    readImage: () => Promise.reject(new Error('there are no pictures here')),
    imagesMax: 0,
    concurrencyMax: 4,
    tokensPerHourMax: undefined,
    clock: systemClock,
    log: silentLog,
    ...rest,
  });
}
