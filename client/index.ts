/**
 * A typed client of Nightjar's API, for Node and browsers: every path, parameter and answer as in `openapi.json`.
 *
 *   const nightjar = createNightjarClient({ url: 'http://127.0.0.1:8000', apiKey });
 *   const { data, error } = await nightjar.GET('/api/events', { params: { query: { label: 'person' } } });
 *   for await (const event of eachItem((cursor) => nightjar.GET('/api/events', { params: { query: { cursor } } }))) ...
 *
 * An answer is either `data` or `error` (a problem of RFC 9457), also when it is one of a proxy on the way, which knows of no
 * problems; what never reached any server throws.
 */
import createClient, { type Client, type ClientOptions } from 'openapi-fetch';
import { answerAsProblem, toProblem, type Problem } from './problem.ts';
import type { components, paths } from './schema.ts';

export type { Problem } from './problem.ts';

export type { components, operations, paths } from './schema.ts';

export type Schemas = components['schemas'];
export type NightjarClient = Client<paths>;

export interface NightjarClientOptions extends Omit<ClientOptions, 'baseUrl' | 'headers'> {
  /** As in `http://127.0.0.1:8000`, without a path. */
  readonly url: string;
  /** Not needed in a page of Nightjar's own, where the session counts. */
  readonly apiKey?: string | undefined;
}

export function createNightjarClient({ url, apiKey, ...options }: NightjarClientOptions): NightjarClient {
  const headers = apiKey === undefined ? {} : { 'X-API-Key': apiKey };
  const client = createClient<paths>({ ...options, baseUrl: url.replace(/\/+$/, ''), headers });
  client.use({ onResponse: ({ response }) => answerAsProblem(response) });
  return client;
}

/** What the server answered instead. */
export class ProblemError extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.detail);
    this.name = 'ProblemError';
    this.problem = problem;
  }
}

interface Answer<T> {
  readonly data?: T;
  readonly error?: Problem;
  readonly response: Response;
}

/** The data of an answer. Throws ProblemError. */
export async function expectData<T>(asked: Promise<Answer<T>>): Promise<T> {
  const { data, error, response } = await asked;
  if (!response.ok) throw new ProblemError(error ?? toProblem(response));
  return data as T;
}

interface Page<Item> {
  readonly items: readonly Item[];
  readonly next_cursor: string | null;
}

/** Every item of a list, page by page as it is read. Throws ProblemError. */
export async function* eachItem<Item>(
  readPage: (cursor: string | undefined) => Promise<Answer<Page<Item>>>,
): AsyncGenerator<Item, void> {
  let cursor: string | null | undefined;
  do {
    const page: Page<Item> = await expectData(readPage(cursor ?? undefined));
    yield* page.items;
    cursor = page.next_cursor;
  } while (cursor !== null);
}
