/**
 * The HTTP side: REST under `/api`, `/health`, `/ready` and `/metrics`, and the gate to `/ws`. In come HTTP requests and the
 * functions of `ApiOptions`; out go the shapes of `model/wire.ts`, and the changes people make (cameras, reviews).
 *
 * What fails is a NightjarError that `problem.ts` turns into `application/problem+json`; `createApi` itself throws
 * `conflict` when the port is taken. Limits: JSON bodies of 1 MiB, guests' forms by `guests.ts`, pages of 200, two renditions drawn at a time and 32
 * waiting, 5 s for requests under way at `close`; headers and idle connections by Node's own defaults.
 */
export { createApi, createHealthApi, type Api } from './server.ts';
export { createTallyFolder } from './stats/fold.ts';
export { createAuthenticator, type Authenticator, type Identity, type UpgradeIdentity } from './auth.ts';
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
