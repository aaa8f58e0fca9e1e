/**
 * One server: whether it may be used, how much it has in hand, and how it has been doing.
 *
 * It is out of use while its own word says so (`/health`), while it asked to be left alone (Retry-After), and while its
 * breaker is open: after some calls in a row that failed it gets no frames until a picture of our own, a small grey
 * one, went through. No frame pays with an attempt for finding out whether a server is back.
 */
import type { Clock } from '../../lib/clock.ts';
import { NightjarError, toNightjarError } from '../../lib/errors.ts';
import type { Logger } from '../../lib/log.ts';
import { createLoop } from '../../lib/loop.ts';
import type { Found } from '../detector.ts';
import { createBreaker } from './breaker.ts';
import { createHttp, isTimeUp, type RequestLimits } from './http.ts';
import type { Seat } from './line.ts';
import type { Paces } from './paces.ts';
import type { SentPicture } from './picture.ts';
import type { AskOptions, OpenPicture, ServerProtocol } from './protocols/protocol.ts';
import { createRecord } from './record.ts';

/** Requests under way at one server: one computing, one on its way. */
export const IN_FLIGHT_MAX = 2;

export interface AskLimits extends AskOptions, RequestLimits {
  /** Whether a failure counts for the breaker. */
  readonly isCounted: boolean;
}

export interface Server extends Seat {
  /** As the server names it; null while it has not. */
  model(): string | null;
  /** Asks about pictures in a place that was taken; resolves and throws as `ServerProtocol.ask` does. */
  ask(open: readonly OpenPicture[], limits: AskLimits): Promise<NightjarError | undefined>;
  /** Resolves once it was looked at for the first time. */
  readonly lookedAt: Promise<void>;
  close(): Promise<void>;
}

export interface ServerOptions {
  readonly url: string;
  readonly apiKey: string | undefined;
  readonly protocol: ServerProtocol;
  readonly timeoutMs: number;
  readonly paces: Paces;
  /** Asked about to find out whether the server works. */
  readonly trial: SentPicture;
  readonly clock: Clock;
  readonly log: Logger;
  /** It may have become usable, or ceased to be. */
  readonly onChange: () => void;
}

export function createServer(options: ServerOptions): Server {
  const { protocol, paces, clock, log, timeoutMs } = options;
  const breaker = createBreaker(paces);
  const record = createRecord();
  const closing = new AbortController();
  const http = createHttp({ ...options, onRest: rest });
  const { address } = http;
  let healthFault: string | null = 'it has not been asked yet';
  let lastFailure = 'unknown';
  let model: string | null = null;
  let restUntilMs = 0;
  let inFlight = 0;
  let nextLookMs = 0;
  let answeredMs = -Infinity;
  let toldFault: string | null = null;
  let onLooked: () => void = () => undefined;
  const lookedAt = new Promise<void>((resolve) => (onLooked = resolve));

  const toReason = (thrown: unknown): string => toNightjarError(thrown).message.replace(`${address} `, 'it ');
  const isResting = (): boolean => clock.nowMs() < restUntilMs;
  const lastingFault = (): string | null =>
    healthFault ?? (breaker.isClosed() ? null : `it failed repeatedly: ${lastFailure}`);
  const fault = (): string | null => lastingFault() ?? (isResting() ? 'it asked us to wait' : null);

  function tell(): void {
    const now = fault();
    if (now !== null && toldFault === null) log.warn({ server: address }, `${address} is not used: ${now}`);
    if (now === null && toldFault !== null) log.info({ server: address }, `${address} is used again`);
    toldFault = now;
    options.onChange();
  }

  function rest(durationMs: number): void {
    restUntilMs = Math.max(restUntilMs, clock.nowMs() + durationMs);
    void clock.sleep(durationMs, closing.signal).then(tell);
    tell();
  }

  async function attempt(open: readonly OpenPicture[], { isSingly, ...limits }: RequestLimits & AskOptions) {
    const startedMs = clock.nowMs();
    const left = await protocol.ask(http.open(limits), open, { isSingly });
    answeredMs = clock.nowMs();
    record.succeeded((answeredMs - startedMs) / open.length);
    return left;
  }

  function onFailure(thrown: unknown): never {
    const error = toNightjarError(thrown);
    if (error.kind === 'unavailable') {
      record.failed();
      lastFailure = toReason(error);
      nextLookMs = 0;
      loop.wake();
    }
    tell();
    throw error;
  }

  /** A refusal is an answer for a frame, but nothing can be wrong with this picture. */
  async function tryOut(signal: AbortSignal): Promise<void> {
    const found: Found[] = [];
    const open = [{ picture: options.trial, settle: (result: Found) => void found.push(result) }];
    await attempt(open, { timeoutMs, signal, isSingly: false });
    const refusal = found.find((result) => result instanceof NightjarError);
    if (refusal) throw new NightjarError('unavailable', refusal.message, { cause: refusal });
  }

  /** Throws the reason why it must not be used, whatever its breaker says. */
  async function checkHealth(signal: AbortSignal): Promise<void> {
    const link = http.open({ timeoutMs: Math.min(timeoutMs, paces.healthTimeoutMs), signal });
    if (protocol.check) model = (await protocol.check(link)).model;
    else if (healthFault !== null) await tryOut(signal);
  }

  /** Many servers compute on the thread that would say how they are: silence while they work says nothing. */
  const isAtWork = (): boolean => inFlight > 0 || clock.nowMs() - answeredMs < paces.lookMs;

  const toHealthFault = (thrown: unknown): string | null =>
    isTimeUp(thrown) && isAtWork() ? healthFault : toReason(thrown);

  /** Never throws: what is wrong is kept as words. */
  async function look(signal: AbortSignal): Promise<void> {
    healthFault = await checkHealth(signal).then(() => null, toHealthFault);
    if (healthFault === null)
      await breaker.tryOut(() => tryOut(signal)).catch((thrown: unknown) => (lastFailure = toReason(thrown)));
    // Never in step with other clients of the same server.
    nextLookMs = clock.nowMs() + (fault() === null ? paces.lookMs : paces.retryLookMs) * (0.8 + Math.random() * 0.4);
    if (!signal.aborted) tell();
    onLooked();
  }

  const loop = createLoop({
    name: `look at ${address}`,
    clock,
    log,
    idleMs: paces.tickMs,
    async runOnce(signal) {
      if (!isResting() && clock.nowMs() >= nextLookMs) await look(signal);
      return false;
    },
  });

  return {
    address,
    model: () => model,
    fault,
    restMs: () => (lastingFault() === null && isResting() ? restUntilMs - clock.nowMs() : null),
    freeSlots: () => IN_FLIGHT_MAX - inFlight,
    weight: () => record.weight(IN_FLIGHT_MAX - inFlight),
    take: () => void (inFlight += 1),
    give: () => void (inFlight -= 1),
    ask: async (open, limits) => breaker.run(() => attempt(open, limits), limits).catch(onFailure),
    lookedAt,
    async close() {
      closing.abort();
      await loop.close();
    },
  };
}
