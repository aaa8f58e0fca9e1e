import { describe, expect, it } from 'vitest';
import { protocols } from './protocols.ts';

describe('addresses', () => {
  it.each([
    ['chat', 'http://h:1', 'http://h:1/v1/chat/completions'],
    ['chat', 'http://h:1/', 'http://h:1/v1/chat/completions'],
    ['chat', 'http://h:1/v1', 'http://h:1/v1/chat/completions'],
    ['chat', 'http://h:1/v1/', 'http://h:1/v1/chat/completions'],
    ['chat', 'https://h/llm/v1', 'https://h/llm/v1/chat/completions'],
    ['chat', 'https://h/api/v3/chat/completions', 'https://h/api/v3/chat/completions'],
    ['completion', 'http://h:1', 'http://h:1/completion'],
    ['completion', 'http://h:1/v1', 'http://h:1/completion'],
    ['completion', 'http://h:1/completion/', 'http://h:1/completion'],
  ] as const)('%s at %s is %s', (api, url, full) => expect(protocols[api].toUrl(url).href).toBe(full));
});

const choice = (message: object, finish_reason?: string | null) => ({ choices: [{ message, finish_reason }] });

describe('answers', () => {
  it.each([
    ['chat', { ...choice({ content: 'x' }, 'stop'), model: 'm', usage: { prompt_tokens: 3, completion_tokens: 4 } }, { text: 'x', cutOff: null, model: 'm', tokensIn: 3, tokensOut: 4 }],
    ['chat', choice({ content: 'x' }), { text: 'x', cutOff: null, model: null, tokensIn: null, tokensOut: null }],
    ['chat', choice({ content: [{ type: 'text', text: 'x' }, { type: 'text', text: 'y' }] }), { text: 'xy' }],
    ['chat', choice({ content: null, refusal: 'no' }, 'stop'), { text: '' }],
    ['chat', { ...choice({ content: 'x' }), usage: 'free' }, { text: 'x', tokensIn: null }],
    ['chat', { ...choice({ content: 'x' }), usage: { prompt_tokens: -1, completion_tokens: 1e300 } }, { tokensIn: null, tokensOut: null }],
    ['chat', choice({ content: 'x' }, 'length'), { text: 'x', cutOff: expect.stringContaining('length') as string }],
    ['chat', choice({ content: 'x' }, 'content_filter'), { cutOff: expect.stringContaining('withheld') as string }],
    ['completion', { content: 'x', tokens_evaluated: 3, tokens_predicted: 4, stop_type: 'eos' }, { text: 'x', cutOff: null, tokensIn: 3, tokensOut: 4 }],
    ['completion', { content: 'x', stop_type: 'limit' }, { cutOff: expect.stringContaining('length') as string }],
    ['completion', { content: 'x', stopped_limit: true }, { cutOff: expect.stringContaining('length') as string }],
    ['completion', { content: 'x', truncated: true }, { cutOff: expect.stringContaining('length') as string }],
    ['completion', choice({ content: 'x' }, 'stop'), { text: 'x', cutOff: null }],
  ] as const)('of %s: %j', (api, body, said) => expect(protocols[api].parse(body)).toMatchObject(said)); // prettier-ignore

  it.each([
    ['chat', undefined],
    ['chat', null],
    ['chat', {}],
    ['chat', { choices: [] }],
    ['chat', { choices: [{ text: 'x' }] }],
    ['chat', { error: { message: 'no' } }],
    ['chat', choice({ content: 5 })],
    ['completion', { content: 5 }],
    ['completion', []],
    ['completion', 'x'],
  ] as const)('of %s that have not its shape are none: %j', (api, body) =>
    expect(protocols[api].parse(body)).toBeUndefined(),
  );
});

it('pictures go along with a chat, and stay behind with a completion', () => {
  const prompt = [{ role: 'user', content: [{ type: 'text', text: 'x' }, { type: 'image', frame_id: 'a' }] }] as const; // prettier-ignore
  const question = { prompt, images: new Map([['a', Buffer.from([0xff, 0xd8])]]), model: 'm', outputTokensMax: 9 };
  expect(protocols.chat.toBody(question)).toMatchObject({
    model: 'm',
    messages: [{ role: 'user', content: [{ type: 'text', text: 'x' }, { type: 'image_url', image_url: { url: 'data:image/jpeg;base64,/9g=' } }] }],
  }); // prettier-ignore
  expect(protocols.completion.toBody(question)).toMatchObject({
    prompt: 'x\n\nThe JSON object:\n',
    n_predict: 9,
    max_tokens: 9,
  });
});
