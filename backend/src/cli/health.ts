import type { Config } from '../config.ts';
import { NightjarError, toMessage } from '../lib/errors.ts';

const ANSWER_MS_MAX = 4_000;

/** Asks the process with this configuration, on this machine, whether it lives. For the health checks of containers. */
export async function runHealth(config: Config, write: (line: string) => void): Promise<void> {
  const port = config.roles.has('api') ? config.port : config.healthPort;
  if (!port) throw new NightjarError('invalid', 'HEALTH_PORT (or a fixed PORT, with the API) says where to ask');
  const host = ['0.0.0.0', '::'].includes(config.host) ? '127.0.0.1' : config.host;
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${port}/health`;
  const answer = await fetch(url, { signal: AbortSignal.timeout(ANSWER_MS_MAX) }).catch((cause: unknown) => {
    throw new NightjarError('unavailable', `${url} does not answer: ${toMessage(cause)}`, { cause });
  });
  if (!answer.ok) throw new NightjarError('unavailable', `${url} answers ${answer.status}`);
  write(await answer.text());
}
