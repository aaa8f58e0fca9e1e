const RETRY_MS_MIN = 500;
const RETRY_MS_MAX = 15_000;
const PING_EVERY_MS = 10_000;
/** A live connection carries a status every 5 s and answers pings: one this silent is dead, whatever the browser says. */
const SILENT_MS_MAX = 25_000;
const SIGNED_OUT_CODE = 4401;

/** Doubles with each attempt up to the limit; a random half keeps a crowd of pages from coming back all at once. */
export const toRetryMs = (attempt, random = Math.random()) =>
  Math.min(RETRY_MS_MAX, RETRY_MS_MIN * 2 ** attempt) * (0.5 + random / 2);

/**
 * The messages of `/ws`, over a connection that mends itself and goes on after the last `seq`: each durable message
 * comes once and in order, however often the line breaks.
 *
 * - `onState('connecting' | 'connected' | 'reconnecting')`
 * - `onFresh()`: what was known so far counts no more: read everything anew. Comes before the first message.
 * - `onMessage(message)`: durable (with `seq`) and passing ones, such as `system.status`.
 * - `isSignedIn()` is asked before each reconnection, for a browser does not tell why a handshake was refused.
 */
export function createFeed({ url, onState, onFresh, onMessage, isSignedIn, onSignedOut }) {
  let socket;
  let lastSeq = null;
  let attempt = 0;
  let heardMs = 0;
  let retryTimer;
  let closed = false;

  function connect() {
    const own = (socket = new WebSocket(url));
    heardMs = Date.now();
    own.addEventListener('open', () => own.send(toSubscribe(lastSeq)));
    own.addEventListener('message', ({ data }) => hear(JSON.parse(data)));
    own.addEventListener('close', ({ code }) => code !== SIGNED_OUT_CODE ? retry(own) : leave(onSignedOut)); // prettier-ignore
  }

  function hear(message) {
    heardMs = Date.now();
    if (message.type === 'subscribed') welcome(message.data.latest_seq);
    else if (message.type === 'replay.gap') onFresh();
    else onMessage(message);
    if (typeof message.seq === 'number') lastSeq = message.seq;
  }

  function welcome(latestSeq) {
    attempt = 0;
    // A server that never came as far as we did is another one, or starts anew.
    const fresh = lastSeq === null || latestSeq < lastSeq;
    if (fresh) lastSeq = latestSeq;
    onState('connected');
    if (fresh) onFresh();
  }

  function retry(own) {
    if (closed || own !== socket) return;
    onState('reconnecting');
    clearTimeout(retryTimer);
    retryTimer = setTimeout(() => void reconnect(own), toRetryMs(attempt));
    attempt += 1;
  }

  async function reconnect(own) {
    const signedIn = await isSignedIn().catch(() => null);
    if (closed || own !== socket) return;
    if (signedIn === null)
      retry(own); // nobody answers yet
    else if (signedIn) connect();
    else leave(onSignedOut);
  }

  function watch() {
    if (socket.readyState > WebSocket.OPEN) return; // a reconnection is under way
    if (Date.now() - heardMs > SILENT_MS_MAX) {
      const own = socket;
      own.close(); // a dead line may take minutes to be closed: it is not waited for
      retry(own);
    } else if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify({ type: 'ping' }));
  }

  function leave(then) {
    if (closed) return;
    closed = true;
    clearInterval(watchTimer);
    clearTimeout(retryTimer);
    socket.close();
    then?.();
  }

  const watchTimer = setInterval(watch, PING_EVERY_MS);
  onState('connecting');
  connect();
  return { close: () => leave() };
}

const toSubscribe = (after) => JSON.stringify({ type: 'subscribe', ...(after !== null && { after }) });
