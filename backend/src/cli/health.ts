import { once } from 'node:events';
import { get as getHttp, type IncomingMessage } from 'node:http';
import { get as getHttps } from 'node:https';
import type { Config } from '../config.ts';
import { NightjarError, toMessage } from '../lib/errors.ts';

const ANSWER_MS_MAX = 4_000;

/** Asks the process with this configuration, on this machine, whether it lives. For the health checks of containers. */
export async function runHealth(config: Config, write: (line: string) => void): Promise<void> {
  const port = config.roles.has('api') ? config.port : config.healthPort;
  if (!port) throw new NightjarError('invalid', 'HEALTH_PORT (or a fixed PORT, with the API) says where to ask');
  const host = ['0.0.0.0', '::'].includes(config.host) ? '127.0.0.1' : config.host;
  const scheme = config.tls ? 'https' : 'http';
  const url = `${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}/health`;
  const { status, body } = await ask(url).catch((cause: unknown) => {
    throw new NightjarError('unavailable', `${url} does not answer: ${toMessage(cause)}`, { cause });
  });
  if (status !== 200) throw new NightjarError('unavailable', `${url} answers ${status}`);
  write(body);
}

async function ask(url: string): Promise<{ readonly status: number | undefined; readonly body: string }> {
  const signal = AbortSignal.timeout(ANSWER_MS_MAX);
  // The certificate is made out to a name, and this is an address; no secret is sent, and the answer is no secret.
  const request = url.startsWith('https:') ? getHttps(url, { signal, rejectUnauthorized: false }) : getHttp(url, { signal }); // prettier-ignore
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return { status: response.statusCode, body: Buffer.concat(chunks).toString() };
}
