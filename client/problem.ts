import type { components } from './schema.ts';

export type Problem = components['schemas']['Problem'];

const MEDIA_TYPE = 'application/problem+json';
const TEXT_TOLD_MAX = 200;

const kinds: Readonly<Record<number, Problem['kind']>> = {
  401: 'unauthorized',
  403: 'forbidden',
  404: 'not_found',
  409: 'conflict',
  429: 'overloaded',
  502: 'unavailable',
  503: 'unavailable',
  504: 'unavailable',
};

/** What can be said of an answer that says nothing itself. */
export function toProblem({ status, statusText, headers }: Response, said = ''): Problem {
  const title = statusText === '' ? `HTTP ${status}` : statusText;
  return {
    ...{ type: 'about:blank', title, status },
    detail: said === '' ? title : `${title}: ${said}`,
    kind: kinds[status] ?? (status < 500 ? 'invalid' : 'internal'),
    request_id: headers.get('X-Request-Id') ?? '',
  };
}

/** In place of an error that is no problem: the page of a proxy, or nothing at all. Undefined: it is good as it is. */
export async function answerAsProblem(response: Response): Promise<Response | undefined> {
  const { status, statusText, headers } = response;
  const isProblem = headers.get('Content-Type')?.startsWith(MEDIA_TYPE) && headers.get('Content-Length') !== '0';
  if (status < 400 || isProblem) return undefined;
  const isText = headers.get('Content-Type')?.startsWith('text/plain');
  const said = isText ? (await response.text()).trim().slice(0, TEXT_TOLD_MAX) : '';
  if (!isText) await response.body?.cancel();
  const body = JSON.stringify(toProblem(response, said));
  const kept = new Headers(headers);
  for (const name of ['Content-Length', 'Content-Encoding', 'Transfer-Encoding']) kept.delete(name);
  kept.set('Content-Type', MEDIA_TYPE);
  return new Response(body, { status, statusText, headers: kept });
}
