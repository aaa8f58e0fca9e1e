/**
 * The HTTP side: REST under `/api`, `/health`, `/ready` and `/metrics`, and the gate to `/ws`. In come HTTP requests and the
 * functions of `ApiOptions`; out go the shapes of `model/wire.ts`, and the changes people make (cameras, reviews).
 *
 * What fails is a NightjarError that `problem.ts` turns into `application/problem+json`; `createApi` itself throws
 * `conflict` when the port is taken. Limits: JSON bodies of 1 MiB, guests' forms by `guests.ts`, pages of 200, two renditions drawn at a time and 32
 * waiting, 5 s for requests under way at `close`; of connections, URLs, headers and slowness `limits/server-limits.ts`, of requests in a
 * minute `limits/rate-limiter.ts`, of pictures by POST `frame-upload.ts`.
 */
export { createApi, createHealthApi, type Api } from './server.ts';
export { describeApi } from './describe-api.ts';
export { switchChannelOff } from './channels/channel-store.ts';
export { createTallyFolder } from './stats/fold.ts';
export { recordCliChange } from './audit-log.ts';
export { createAuthenticator, type Authenticator, type Identity, type UpgradeIdentity } from './auth.ts';
export { createGuard, type Guard } from './identity/guard.ts';
export { createKeyDesk } from './identity/key-desk.ts';
export { createKeyStore, type KeyStore } from './identity/key-store.ts';
export { createUpgradeLimit } from './limits/upgrade-limit.ts';
export { createRateLimiter, type RateLimiter } from './limits/rate-limiter.ts';
export { readLiveFigures, toLiveStatus, type LiveFigures } from './live-figures.ts';
export type {
  ApiOptions,
  ByteRange,
  GpuFacts,
  GuestDetector,
  HealthFacts,
  OpenedMedia,
  PartState,
  PipelineFacts,
  SystemFacts,
} from './options.ts';
