/** What the configuration says of the edge: who may come, how often, through whom, and under which certificate. */
import path from 'node:path';
import type { InputFault } from '../lib/errors.ts';
import type { Environment } from './environment.ts';

type EdgeEnvironment = Pick<
  Environment,
  'TLS_CERT' | 'TLS_KEY' | 'CORS_ORIGINS' | 'TRUSTED_PROXIES' | 'RATE_LIMIT_PER_MINUTE'
>;

export const toEdge = (env: EdgeEnvironment, cwd: string) => ({
  /** Undefined: plain HTTP. */
  tls:
    env.TLS_CERT !== undefined && env.TLS_KEY !== undefined
      ? { certFile: path.resolve(cwd, env.TLS_CERT), keyFile: path.resolve(cwd, env.TLS_KEY) }
      : undefined,
  corsOrigins: env.CORS_ORIGINS,
  trustedProxies: env.TRUSTED_PROXIES,
  /** 0: no limit. */
  rateLimitPerMinute: env.RATE_LIMIT_PER_MINUTE,
});

export function findEdgeContradictions(env: EdgeEnvironment): readonly InputFault[] {
  if ((env.TLS_CERT === undefined) === (env.TLS_KEY === undefined)) return [];
  const missing = env.TLS_CERT === undefined ? 'TLS_CERT' : 'TLS_KEY';
  return [{ path: missing, message: 'is missing: TLS needs both TLS_CERT and TLS_KEY' }];
}
