// @ts-check
/** What the page asks of the API: paths, parameters and answers are checked against its document (client/schema.ts). */
import createClient from './openapi-fetch.js';

/** @typedef {import('../client/schema.ts').paths} Paths */
/** @typedef {import('../client/schema.ts').components['schemas']['Problem']} Problem */
/** @typedef {'frames' | 'clips'} Ledger */

const ANSWER_MS_MAX = 10_000;
/** What works through many things may take minutes. */
const ALL_MS_MAX = 300_000;

/** @type {import('openapi-fetch').Client<Paths>} */
const client = createClient({ fetch: (request) => fetch(request) });

/** What went wrong with a request; `status` is 0 when there was no answer at all. */
export class ApiError extends Error {
  /** @param {number} status @param {string} message */
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

const soon = () => ({ signal: AbortSignal.timeout(ANSWER_MS_MAX) });

/** @param {number} limit */
export const readCameras = (limit) => ask(client.GET('/api/cameras', { params: { query: { limit } }, ...soon() }));

/** @param {number} limit */
export const readEvents = (limit) => ask(client.GET('/api/events', { params: { query: { limit } }, ...soon() }));

/** @param {string} id */
export const readEvent = (id) => ask(client.GET('/api/events/{id}', { params: { path: { id } }, ...soon() }));

/** The newest that were examined, of one camera or of all. @param {{ limit: number, camera_id?: string }} query */
export const readExamined = (query) =>
  ask(client.GET('/api/frames', { params: { query: { ...query, state: 'done' } }, ...soon() }));

/** @param {Ledger} ledger @param {number} limit */
export const readDead = (ledger, limit) =>
  ask(client.GET(`/api/${ledger}`, { params: { query: { limit, state: 'dead' } }, ...soon() }));

/** @param {Ledger} ledger @param {string} id */
export const requeue = (ledger, id) =>
  ask(client.POST(`/api/${ledger}/{id}/requeue`, { params: { path: { id } }, ...soon() }));

/** @param {Ledger} ledger */
export const requeueDead = (ledger) =>
  ask(client.POST(`/api/${ledger}/requeue`, { params: { query: { state: 'dead' } }, signal: AbortSignal.timeout(ALL_MS_MAX) })); // prettier-ignore

/** The key for a session cookie, which scripts cannot read. @param {string} apiKey */
export const signIn = (apiKey) => ask(client.POST('/api/session', { body: { api_key: apiKey }, ...soon() }));

export const signOut = () => ask(client.DELETE('/api/session', soon()));

/**
 * The data of an answer. Throws ApiError.
 *
 * @template T
 * @param {Promise<{ data?: T, error?: Problem, response: Response }>} asked
 * @returns {Promise<T>}
 */
async function ask(asked) {
  const { data, error, response } = await asked.catch((cause) => {
    const why = cause.name === 'TimeoutError' ? 'does not answer' : 'cannot be reached';
    throw new ApiError(0, `Nightjar ${why}. Is it running?`);
  });
  if (!response.ok) throw new ApiError(response.status, toSentence(response, error));
  return /** @type {T} */ (data);
}

/**
 * What a person can do about it, by the status; the server's own words where they say more. A proxy's answer may be no
 * problem at all: the status says enough.
 *
 * @param {Response} response @param {Partial<Problem> | undefined} problem
 */
function toSentence({ status, statusText, headers }, problem) {
  const again = toWait(headers.get('Retry-After'));
  if (status === 401) return 'This key is not valid.';
  if (status === 429) return `Too many attempts. Try again ${again}.`;
  if (status === 503) return `Nightjar cannot do this just now. Try again ${again}.`;
  if (status >= 500) return `Something went wrong in Nightjar; its log tells more (${problem?.request_id ?? status}).`;
  return `Nightjar refused this: ${problem?.detail ?? `${status} ${statusText}`}.`;
}

/** @param {string | null} retryAfter */
const toWait = (retryAfter) => (/^\d+$/.test(retryAfter ?? '') ? `in ${retryAfter} s` : 'in a moment');
