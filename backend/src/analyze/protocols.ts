/**
 * The two protocols, as plain mappings: prompt -> request body, answer body -> text.
 *
 * chat        POST /v1/chat/completions, as OpenAI documents it and vLLM, llama.cpp, Ollama, NIM and others serve it
 *             https://platform.openai.com/docs/api-reference/chat/create
 * completion  POST /completion, as llama.cpp's server documents it; takes text only, so pictures are left out
 *             https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md
 */
import { z } from 'zod';
import type { PromptMessage } from '../model/analysis.ts';
import { answerJsonSchema } from './answer.ts';
import { toPlainText } from './plain-text.ts';
import { toCompletionText } from './prompt.ts';

const NAME_CHARS_MAX = 200;

export interface Question {
  readonly prompt: readonly PromptMessage[];
  /** JPEG, by frame id. */
  readonly images: ReadonlyMap<string, Uint8Array>;
  readonly model: string | undefined;
  readonly outputTokensMax: number;
}

/** `cutOff` says why the text is not whole; null when it is. */
export interface Said {
  readonly text: string;
  readonly cutOff: string | null;
  readonly model: string | null;
  readonly tokensIn: number | null;
  readonly tokensOut: number | null;
}

export interface Protocol {
  readonly takesImages: boolean;
  toUrl(base: string): URL;
  toBody(question: Question): object;
  /** Undefined when the body has not the shape of the protocol. */
  parse(body: unknown): Said | undefined;
}

const count = z.int().min(0).max(1e9).nullish().catch(null);
const name = z.string().transform((text) => toPlainText(text, NAME_CHARS_MAX)).nullish().catch(null); // prettier-ignore
const textParts = z.array(z.object({ text: z.string().default('') })).transform((parts) => parts.map(({ text }) => text).join('')); // prettier-ignore
const chatAnswer = z.object({
  model: name,
  choices: z
    .array(
      z.object({
        finish_reason: z.string().nullish(),
        message: z.object({ content: z.union([z.string(), textParts]).nullish() }),
      }),
    )
    .min(1),
  usage: z.object({ prompt_tokens: count, completion_tokens: count }).nullish().catch(null),
});
const completionAnswer = z.object({
  model: name,
  content: z.string(),
  stopped_limit: z.boolean().nullish(),
  stop_type: z.string().nullish(),
  truncated: z.boolean().nullish(),
  tokens_evaluated: count,
  tokens_predicted: count,
});

const LENGTH = 'the answer was cut off at the limit of its length (LLM_OUTPUT_TOKENS_MAX, or the context of the model)';

function parseChat(body: unknown): Said | undefined {
  const parsed = chatAnswer.safeParse(body);
  const [choice] = parsed.data?.choices ?? [];
  if (!parsed.success || !choice) return undefined;
  const reason = choice.finish_reason ?? 'stop';
  return {
    text: choice.message.content ?? '',
    cutOff: reason === 'length' ? LENGTH : reason === 'content_filter' ? 'the server withheld the answer' : null,
    model: parsed.data.model ?? null,
    tokensIn: parsed.data.usage?.prompt_tokens ?? null,
    tokensOut: parsed.data.usage?.completion_tokens ?? null,
  };
}

/** Some servers answer `/completion` in the chat shape. */
function parseCompletion(body: unknown): Said | undefined {
  const parsed = completionAnswer.safeParse(body);
  if (!parsed.success) return parseChat(body);
  const { content: text, stopped_limit, stop_type, truncated, model, ...tokens } = parsed.data;
  return {
    text,
    cutOff: stopped_limit || stop_type === 'limit' || truncated ? LENGTH : null,
    model: model ?? null,
    tokensIn: tokens.tokens_evaluated ?? null,
    tokensOut: tokens.tokens_predicted ?? null,
  };
}

function toChatBody({ prompt, images, model, outputTokensMax }: Question) {
  const json_schema = { name: 'risk', strict: true, schema: answerJsonSchema };
  return {
    ...(model !== undefined && { model }),
    messages: prompt.map((message) => toChatMessage(message, images)),
    response_format: { type: 'json_schema', json_schema },
    temperature: 0,
    max_tokens: outputTokensMax,
    stream: false,
  };
}

/** Plain text where there is nothing else: not every server takes parts. */
function toChatMessage({ role, content }: PromptMessage, images: Question['images']) {
  const [first] = content;
  if (content.length === 1 && first?.type === 'text') return { role, content: first.text };
  return { role, content: content.map((part) => (part.type === 'text' ? part : toImage(images.get(part.frame_id)))) };
}

const toImage = (jpeg: Uint8Array = new Uint8Array()) => ({
  type: 'image_url',
  image_url: { url: `data:image/jpeg;base64,${Buffer.from(jpeg).toString('base64')}` },
});

const toCompletionBody = ({ prompt, model, outputTokensMax }: Question) => ({
  ...(model !== undefined && { model }),
  prompt: toCompletionText(prompt),
  json_schema: answerJsonSchema,
  n_predict: outputTokensMax,
  max_tokens: outputTokensMax,
  temperature: 0,
  stream: false,
});

/** `base` is LLM_URL: the server itself, or with `/v1` or the whole path as some write it. */
function toUrl(base: string, path: string, tail: string): URL {
  const url = new URL(base);
  const known = url.pathname.replace(/\/+$/, '');
  url.pathname = known.endsWith(tail) ? known : `${known.replace(/\/v1$/, '')}${path}`;
  return url;
}

export const protocols = {
  chat: {
    takesImages: true,
    toUrl: (base) => toUrl(base, '/v1/chat/completions', '/chat/completions'),
    toBody: toChatBody,
    parse: parseChat,
  },
  completion: {
    takesImages: false,
    toUrl: (base) => toUrl(base, '/completion', '/completion'),
    toBody: toCompletionBody,
    parse: parseCompletion,
  },
} as const satisfies Record<string, Protocol>;
