/**
 * The language model as an analyst. One question makes at most two calls: an answer that cannot be used is asked for once
 * more, with a reminder. A whole call is let through by the breaker and paid from the token budget, or is not made.
 */
import { randomBytes } from 'node:crypto';
import type { Clock } from '../lib/clock.ts';
import { toMessage, toNightjarError } from '../lib/errors.ts';
import type { Logger } from '../lib/log.ts';
import type { Analyst, AnalystCall, Dossier, EventPicture, PromptMessage, Verdict } from '../model/analysis.ts';
import type { RiskBands } from '../model/index.ts';
import { parseAnswer } from './answer.ts';
import { breakerLimits, createBreaker, type BreakerLimits } from './breaker.ts';
import { toFactsTexts } from './facts.ts';
import type { LlmClient } from './llm-client.ts';
import { LlmError, type LlmFault } from './llm-error.ts';
import { toPrompt, toReminder, toText } from './prompt.ts';
import type { Said } from './protocols.ts';
import { createTokenBudget } from './token-budget.ts';

const ANSWER_CHARS_MAX = 20_000;
/** Where the server does not count: JSON in English has 3 to 4 characters a token; the low end, so as not to overspend. */
const CHARS_PER_TOKEN = 3;
/** Of a picture of 768 pixels: about what the common vision models take. */
const TOKENS_PER_IMAGE = 1_200;
/** What the first question is taken to cost before any was made. */
const FIRST_PROMPT_TOKENS = 1_500;

export interface LlmAnalystOptions {
  readonly client: LlmClient;
  readonly bands: RiskBands;
  readonly timeZone: string;
  /** A JPEG of the frame, no larger than a model has use for. */
  readonly readImage: (picture: EventPicture) => Promise<Uint8Array>;
  readonly imagesMax: number;
  readonly concurrencyMax: number;
  /** No limit if undefined. */
  readonly tokensPerHourMax: number | undefined;
  readonly clock: Clock;
  readonly log: Logger;
  readonly breaker?: BreakerLimits;
}

interface Sent {
  readonly prompt: readonly PromptMessage[];
  readonly images: ReadonlyMap<string, Uint8Array>;
  /** Those of the data in the prompt. */
  readonly texts: readonly string[];
}

/** What one call came to. Without `call`, none was made. */
interface Asked {
  readonly fault: LlmFault | 'cut off' | 'cancelled' | null;
  readonly reason: string;
  readonly call?: AnalystCall;
}

export function createLlmAnalyst(options: LlmAnalystOptions): Analyst {
  const { client, clock, log, concurrencyMax, tokensPerHourMax } = options;
  const breaker = createBreaker({ clock, limits: options.breaker ?? breakerLimits });
  const budget = createTokenBudget({ perHourMax: tokensPerHourMax, clock });
  let inHand = 0;
  let usualTokens = FIRST_PROMPT_TOKENS + client.outputTokensMax;

  async function prepare(dossier: Dossier): Promise<Sent> {
    const images = new Map<string, Uint8Array>();
    for (const picture of dossier.pictures.slice(0, client.takesImages ? options.imagesMax : 0))
      await options.readImage(picture).then(
        (jpeg) => images.set(picture.frameId, jpeg),
        (thrown: unknown) => log.warn({ frame_id: picture.frameId, err: thrown }, 'a picture could not be shown to the language model'), // prettier-ignore
      );
    const mark = randomBytes(8).toString('hex');
    const texts = toFactsTexts(dossier, options.timeZone);
    return { images, texts, prompt: toPrompt(dossier, { ...options, mark, imageFrameIds: [...images.keys()] }) };
  }

  async function ask({ prompt, images, texts }: Sent, signal: AbortSignal): Promise<Asked> {
    const promptTokens = estimateTokens(prompt, images.size);
    const tokens = promptTokens + client.outputTokensMax;
    if (tokens > (tokensPerHourMax ?? Infinity))
      return { fault: 'failed', reason: `one question may take ${tokens} tokens, more than LLM_TOKENS_PER_HOUR_MAX` };
    usualTokens = tokens;
    const reserved = budget.reserve(tokens);
    if (!reserved) return { fault: 'away', reason: 'the token budget of this hour is spent' };
    const requestedAt = new Date(clock.nowMs());
    const toCall = (rest: Partial<AnalystCall>): AnalystCall => ({
      ...{ requestedAt, finishedAt: new Date(clock.nowMs()), model: client.model ?? null, prompt },
      ...{ answer: null, risk: null, error: null, tokensIn: null, tokensOut: null },
      ...rest,
    });
    try {
      const said = await breaker.run(() => client.ask({ prompt, images }, signal));
      reserved.settle((said.tokensIn ?? promptTokens) + (said.tokensOut ?? toTokens(said.text.length)));
      return toAsked(said, texts, toCall);
    } catch (thrown) {
      // What was never taken costs nothing; what was taken and lost may have cost everything.
      reserved.settle(thrown instanceof LlmError && thrown.fault === 'failed' ? tokens : 0);
      return toFault(thrown, toCall);
    }
  }

  async function judge(dossier: Dossier, signal: AbortSignal): Promise<Verdict> {
    const sent = await prepare(dossier);
    const first = await ask(sent, signal);
    const isAskedAgain = first.fault === 'malformed';
    const last = isAskedAgain ? await ask({ ...sent, prompt: toReminder(sent.prompt) }, signal) : first;
    const calls = (isAskedAgain ? [first, last] : [first]).flatMap(({ call }) => call ?? []);
    if (last.call?.risk) return { outcome: 'scored', risk: last.call.risk, calls };
    log.warn({ event_id: dossier.event.id, fault: last.fault }, `no analysis: ${last.reason}`);
    if (last.fault === 'cancelled') return { outcome: 'cancelled', reason: last.reason, calls };
    // The first answer was in vain, whatever became of the second: uncounted, one event could eat the budget for ever.
    const isAway = last.fault === 'away' && !isAskedAgain;
    return { outcome: isAway ? 'away' : 'failed', reason: last.reason, calls };
  }

  const budgetFreeAtMs = (): number => budget.freeAtMs(Math.min(usualTokens, tokensPerHourMax ?? Infinity));
  return {
    capacity() {
      if (budgetFreeAtMs() > clock.nowMs()) return 0;
      return Math.max(0, Math.min(concurrencyMax, breaker.allowed()) - inHand);
    },
    async analyze(dossier, signal) {
      if (inHand >= concurrencyMax) return { outcome: 'away', reason: 'all places are taken', calls: [] };
      inHand += 1;
      try {
        return await judge(dossier, signal);
      } catch (thrown) {
        log.error({ event_id: dossier.event.id, err: thrown }, 'an analysis failed');
        return { outcome: 'failed', reason: toMessage(thrown), calls: [] };
      } finally {
        inHand -= 1;
      }
    },
    state() {
      const reason = breaker.reason() ?? toSpent(budgetFreeAtMs(), clock.nowMs());
      return { state: reason === undefined ? 'ready' : 'unavailable', reason: reason ?? null };
    },
  };
}

type ToCall = (rest: Partial<AnalystCall>) => AnalystCall;

function toAsked(said: Said, texts: readonly string[], toCall: ToCall): Asked {
  const facts = { answer: toStorable(said.text), tokensIn: said.tokensIn, tokensOut: said.tokensOut, ...(said.model !== null && { model: said.model }) }; // prettier-ignore
  const parsed = said.cutOff === null ? parseAnswer(said.text, texts) : { problem: said.cutOff };
  if ('risk' in parsed) return { fault: null, reason: '', call: toCall({ ...facts, risk: parsed.risk }) };
  const error = { kind: 'invalid', message: parsed.problem } as const;
  // The same question would be cut off at the same place.
  const fault = said.cutOff === null ? 'malformed' : 'cut off';
  return { fault, reason: parsed.problem, call: toCall({ ...facts, error }) };
}

function toFault(thrown: unknown, toCall: ToCall): Asked {
  const { kind, message } = toNightjarError(thrown);
  if (!(thrown instanceof LlmError)) {
    if (kind === 'cancelled' || kind === 'unavailable') return { fault: kind === 'cancelled' ? kind : 'away', reason: message }; // prettier-ignore
    throw thrown;
  }
  const answer = thrown.answer === null ? null : toStorable(thrown.answer);
  return { fault: thrown.fault, reason: message, call: toCall({ answer, error: { kind, message } }) };
}

/** PostgreSQL has no place for NUL or half a surrogate pair. */
const toStorable = (text: string): string =>
  text
    .slice(0, ANSWER_CHARS_MAX)
    .replaceAll('\0', '')
    .replace(/\p{Surrogate}/gu, '\ufffd');

const toTokens = (chars: number): number => Math.ceil(chars / CHARS_PER_TOKEN);
const estimateTokens = (prompt: readonly PromptMessage[], images: number): number =>
  prompt.reduce((sum, message) => sum + toTokens(toText(message).length), 0) + images * TOKENS_PER_IMAGE;

const toSpent = (freeAtMs: number, nowMs: number): string | undefined =>
  freeAtMs <= nowMs ? undefined : `the token budget of this hour is spent until ${new Date(freeAtMs).toISOString()}`;
