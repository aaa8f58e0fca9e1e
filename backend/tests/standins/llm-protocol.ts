/**
 * What a strict server of either protocol takes, written from their documents. Unknown fields are refused: a typing error
 * in a field's name would otherwise pass as a field left out.
 *
 * chat        https://platform.openai.com/docs/api-reference/chat/create
 * completion  https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md (POST /completion)
 */
import { z } from 'zod';

/** OpenAI's rules for strict schemas: objects closed, every property required. */
const strictSchema = z
  .strictObject({
    type: z.literal('object'),
    properties: z.record(z.string(), z.strictObject({ type: z.enum(['integer', 'string']), description: z.string() })),
    required: z.array(z.string()),
    additionalProperties: z.literal(false),
  })
  .refine(({ properties, required }) => Object.keys(properties).sort().join() === [...required].sort().join(), {
    message: 'every property must be required',
  });

const jpegUrl = z.string().refine((url) => {
  const [, base64 = ''] = /^data:image\/jpeg;base64,(.+)$/.exec(url) ?? [];
  return Buffer.from(base64, 'base64').subarray(0, 2).toString('hex') === 'ffd8';
}, 'must be a JPEG as a data URL');
const part = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('text'), text: z.string().min(1) }),
  z.strictObject({ type: z.literal('image_url'), image_url: z.strictObject({ url: jpegUrl }) }),
]);
const message = z.discriminatedUnion('role', [
  z.strictObject({ role: z.literal('system'), content: z.string().min(1) }),
  z.strictObject({ role: z.literal('user'), content: z.union([z.string().min(1), z.array(part).min(1)]) }),
]);

export const chatRequest = z.strictObject({
  model: z.string().optional(),
  messages: z.array(message).min(1),
  response_format: z.strictObject({
    type: z.literal('json_schema'),
    json_schema: z.strictObject({
      name: z.string().regex(/^[a-zA-Z0-9_-]{1,64}$/),
      strict: z.literal(true),
      schema: strictSchema,
    }),
  }),
  temperature: z.number().min(0).max(2),
  max_tokens: z.int().min(1),
  stream: z.literal(false).optional(),
});

export const completionRequest = z
  .strictObject({
    model: z.string().optional(),
    prompt: z.string().min(1),
    json_schema: strictSchema,
    n_predict: z.int().min(1),
    max_tokens: z.int().min(1),
    temperature: z.number().min(0),
    stream: z.literal(false).optional(),
  })
  .refine((body) => body.n_predict === body.max_tokens, 'n_predict and max_tokens must agree');

/** What was asked, in whichever protocol. */
export interface LlmQuestion {
  readonly api: 'chat' | 'completion';
  readonly system: string;
  readonly user: string;
  readonly images: number;
  readonly model: string | undefined;
  readonly tokensMax: number;
}

export function toChatQuestion(body: z.infer<typeof chatRequest>): LlmQuestion {
  const textOf = (role: string): string =>
    body.messages
      .filter((one) => one.role === role)
      .map(({ content }) => (typeof content === 'string' ? content : content.map((one) => (one.type === 'text' ? one.text : '')).filter(Boolean).join('\n')))
      .join('\n'); // prettier-ignore
  const images = body.messages.flatMap(({ content }) => (typeof content === 'string' ? [] : content)).filter(({ type }) => type === 'image_url').length; // prettier-ignore
  const { model, max_tokens: tokensMax } = body;
  return { api: 'chat', system: textOf('system'), user: textOf('user'), images, model, tokensMax };
}

export function toCompletionQuestion({
  prompt,
  model,
  n_predict: tokensMax,
}: z.infer<typeof completionRequest>): LlmQuestion {
  const place = prompt.indexOf('\n\nBEGIN DATA ');
  const [system, user] = place < 0 ? [prompt, ''] : [prompt.slice(0, place), prompt.slice(place + 2)];
  return { api: 'completion', system, user, images: 0, model, tokensMax };
}

export interface LlmReply {
  readonly text: string;
  readonly cutOff?: boolean;
  readonly usage?: { readonly in: number; readonly out: number } | null;
  readonly model?: string;
}

export const toChatAnswer = ({ text, cutOff, usage = { in: 400, out: 60 }, model = 'stand-in' }: LlmReply): object => ({
  id: 'chatcmpl-1',
  object: 'chat.completion',
  created: 1_700_000_000,
  model,
  choices: [
    { index: 0, message: { role: 'assistant', content: text, refusal: null }, logprobs: null, finish_reason: cutOff ? 'length' : 'stop' },
  ],
  ...(usage && { usage: { prompt_tokens: usage.in, completion_tokens: usage.out, total_tokens: usage.in + usage.out } }),
}); // prettier-ignore

export const toCompletionAnswer = ({
  text,
  cutOff,
  usage = { in: 400, out: 60 },
  model = 'stand-in',
}: LlmReply): object => ({
  index: 0,
  content: text,
  tokens: [],
  id_slot: 0,
  stop: true,
  model,
  ...(usage && { tokens_predicted: usage.out, tokens_evaluated: usage.in }),
  has_new_line: false,
  truncated: false,
  stop_type: cutOff ? 'limit' : 'eos',
  stopping_word: '',
  tokens_cached: 0,
});
