import { createAuthenticator, type Authenticator } from '../index.ts';
import { systemClock } from '../../lib/clock.ts';
import { TEST_KEY } from './test-api.ts';

/** Whoever has the test key is a viewer who sees these cameras only. */
export function seesOnly(cameraIds: readonly string[]): Authenticator {
  const all = createAuthenticator({ adminApiKey: TEST_KEY, clock: systemClock });
  return {
    ...all,
    authenticateRequest: async (request) => ({
      ...(await all.authenticateRequest(request)),
      role: 'viewer',
      cameraIds,
    }),
  };
}
