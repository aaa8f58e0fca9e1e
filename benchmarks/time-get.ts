import { request, type Agent } from 'node:http';

export interface Get {
  readonly agent: Agent;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Milliseconds from sending the request to the end of the answer, of which nothing is read: the client costs as little as can be. */
export function timeGet(url: string, { agent, headers = {} }: Get): Promise<number> {
  const startedMs = performance.now();
  return new Promise((resolve, reject) => {
    const get = request(url, { agent, headers }, (response) => {
      if (response.statusCode !== 200) reject(new Error(`${url} answered ${response.statusCode ?? 0}`));
      response.resume().once('end', () => resolve(performance.now() - startedMs));
    });
    get.once('error', reject).end();
  });
}
