const ANSWER_MS_MAX = 10_000;

/** What went wrong with a request; `status` is 0 when there was no answer at all. */
export class ApiError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/** GET; throws ApiError. */
export const getJson = async (path) => (await send(path)).json();

/** POST without a body; throws ApiError. What works through many things may take minutes. */
export const postJson = async (path, answerMsMax = ANSWER_MS_MAX) =>
  (await send(path, { method: 'POST' }, answerMsMax)).json();

/** The key for a session cookie, which scripts cannot read. Throws ApiError. */
export async function signIn(apiKey) {
  const body = JSON.stringify({ api_key: apiKey });
  await send('/api/session', { method: 'POST', body, headers: { 'Content-Type': 'application/json' } });
}

export const signOut = () => send('/api/session', { method: 'DELETE' });

async function send(path, init = {}, answerMsMax = ANSWER_MS_MAX) {
  const response = await request(path, { ...init, signal: AbortSignal.timeout(answerMsMax) });
  if (response.ok) return response;
  throw new ApiError(response.status, await toSentence(response));
}

async function request(path, init) {
  try {
    return await fetch(path, init);
  } catch (cause) {
    const why = cause.name === 'TimeoutError' ? 'does not answer' : 'cannot be reached';
    throw new ApiError(0, `Nightjar ${why}. Is it running?`);
  }
}

/** What a person can do about it, by the status; the server's own words where they say more. */
async function toSentence(response) {
  const { status } = response;
  const problem = await response.json().catch(() => ({})); // a proxy's answer may be no JSON: the status says enough
  const again = toWait(response.headers.get('Retry-After'));
  if (status === 401) return 'This key is not valid.';
  if (status === 429) return `Too many attempts. Try again ${again}.`;
  if (status === 503) return `Nightjar cannot do this just now. Try again ${again}.`;
  if (status >= 500) return `Something went wrong in Nightjar; its log tells more (${problem.request_id ?? status}).`;
  return `Nightjar refused this: ${problem.detail ?? `${status} ${response.statusText}`}.`;
}

const toWait = (retryAfter) => (/^\d+$/.test(retryAfter ?? '') ? `in ${retryAfter} s` : 'in a moment');
