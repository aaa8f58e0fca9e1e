import type { IncomingMessage } from 'node:http';
import type { Authenticator, UpgradeIdentity } from '../auth.ts';
import { clientOf } from '../client.ts';
import { assertAllowed, type RateLimiter } from './rate-limiter.ts';

/** As `authenticateUpgrade`; sockets that are opened count as requests do, and are refused as those are. */
export function createUpgradeLimit(
  { authenticateUpgrade }: Pick<Authenticator, 'authenticateUpgrade'>,
  limiter: RateLimiter | undefined,
): (request: IncomingMessage) => Promise<UpgradeIdentity> {
  const count = async (request: IncomingMessage, keyId?: string): Promise<void> => {
    if (limiter) assertAllowed(await limiter.take({ keyId, address: clientOf(request).address }));
  };
  return async (request) => {
    const identity = await authenticateUpgrade(request).catch(async (thrown: unknown) => {
      await count(request);
      throw thrown;
    });
    await count(request, identity.keyId);
    return identity;
  };
}
