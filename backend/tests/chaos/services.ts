/** What Nightjar leans on, each one real (but the detector, whose answers must be known) and each one a thing to strike. */
import { Redis } from 'ioredis';
import type { Cleanups } from '../harness/cleanups.ts';
import { startPostgres, type PostgresServer } from '../harness/postgres-server.ts';
import { startRedis, type TestRedis } from '../harness/redis.ts';
import { startRtdetr, type RtdetrStandin } from '../standins/rtdetr-server.ts';
import type { Clocks } from './clocks.ts';

/** Seven processes of up to fourteen connections each, and those of the checker. */
const CONNECTIONS_MAX = '150';
/** How long the detector takes: so that there is work in hand to lose. */
const DETECTOR_MS = 40;

export interface RedisSwitch {
  readonly url: string;
  /** Asked to end, as a service manager does. */
  stop(): Promise<void>;
  kill(): Promise<void>;
  start(): Promise<void>;
  pause(): void;
  resume(): void;
}

export interface Services {
  readonly postgres: PostgresServer;
  readonly redis: RedisSwitch;
  readonly detector: RtdetrStandin;
}

export async function openServices(cleanups: Cleanups, clocks: Clocks | undefined): Promise<Services> {
  const postgres = await startPostgres({ max_connections: CONNECTIONS_MAX }, clocks?.env('database'));
  cleanups.add(postgres.close);
  const redis = await openRedis(cleanups);
  const detector = await startRtdetr();
  cleanups.add(detector.kill);
  return { postgres, redis, detector: Object.assign(detector, { failure: 'slow', slowMs: DETECTOR_MS }) };
}

async function openRedis(cleanups: Cleanups): Promise<RedisSwitch> {
  let server: TestRedis = await startRedis();
  cleanups.add(() => server.close());
  return {
    url: server.url,
    async stop() {
      const client = new Redis(server.url, { retryStrategy: () => null });
      client.on('error', () => undefined); // it hangs up instead of answering
      await client.shutdown('NOSAVE').catch(() => undefined);
      client.disconnect();
      await server.close();
    },
    kill: () => server.close(),
    start: async () => void (server = await startRedis(server.port)),
    pause: () => server.pause(),
    resume: () => server.resume(),
  };
}
