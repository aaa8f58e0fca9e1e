/** A language model's server on a loopback port, strict about what it is asked, and able to fail in every way they do. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  chatRequest,
  completionRequest,
  toChatAnswer,
  toChatQuestion,
  toCompletionAnswer,
  toCompletionQuestion,
  type LlmQuestion,
  type LlmReply,
} from './llm-protocol.ts';

/** What it does with a question. */
export type LlmBehaviour =
  /** Answers with this text, or as told. */
  | { readonly reply: (question: LlmQuestion) => LlmReply | Promise<LlmReply>; readonly afterMs?: number }
  | { readonly fails: 'hang' | 'reset' | 'reset half-way' }
  | {
      readonly fails: 'status';
      readonly status: number;
      readonly body?: string;
      readonly headers?: Record<string, string>;
    }
  /** 200 with a body that is not the protocol's. */
  | { readonly fails: 'body'; readonly body: string };

export interface LlmStandin {
  readonly url: string;
  readonly port: number;
  /** Well-formed questions, in the order in which they came. */
  readonly questions: readonly LlmQuestion[];
  /** Most questions under way at once. */
  readonly mostAtOnce: () => number;
  /** Requests that no such server would take, with the reason: a fault of ours. */
  readonly refused: readonly string[];
  behave(behaviour: LlmBehaviour): void;
  close(): Promise<void>;
}

export interface LlmStandinOptions {
  readonly behaviour?: LlmBehaviour;
  readonly apiKey?: string;
  readonly port?: number;
  /** Whether a second question on one connection is lost with it, as when a server hangs up on one it kept. */
  readonly dropsKeptConnections?: boolean;
}

export const says = (text: string, more: Omit<LlmReply, 'text'> = {}): LlmBehaviour => ({
  reply: () => ({ text, ...more }),
});
export const toAnswerText = (score: number, summary = 'Somebody at the door.'): string =>
  JSON.stringify({ risk_score: score, summary, reasoning: 'As the facts say.' });

export async function startLlmStandin({
  behaviour = says(toAnswerText(70)),
  apiKey,
  port = 0,
  dropsKeptConnections = false,
}: LlmStandinOptions = {}): Promise<LlmStandin> {
  const state = { behaviour, atOnce: 0, mostAtOnce: 0 };
  const questions: LlmQuestion[] = [];
  const refused: string[] = [];
  const known = new WeakSet();

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (dropsKeptConnections && known.has(request.socket)) return void request.socket.resetAndDestroy();
    known.add(request.socket);
    const read = await readQuestion(request, apiKey);
    if ('refusal' in read) {
      refused.push(read.refusal);
      return sendJson(response, read.status, { error: { message: read.refusal, type: 'invalid_request_error', code: read.status } });
    }
    questions.push(read.question);
    state.atOnce += 1;
    state.mostAtOnce = Math.max(state.mostAtOnce, state.atOnce);
    response.once('close', () => (state.atOnce -= 1));
    await answer(response, read.question, state.behaviour);
  } // prettier-ignore

  const server = createServer((request, response) => {
    handle(request, response).catch((thrown: unknown) => refused.push(`the stand-in failed: ${String(thrown)}`));
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${address.port}`,
    port: address.port,
    questions,
    refused,
    mostAtOnce: () => state.mostAtOnce,
    behave: (next) => void (state.behaviour = next),
    async close() {
      if (!server.listening) return;
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

type Read = { readonly question: LlmQuestion } | { readonly refusal: string; readonly status: number };

async function readQuestion(request: IncomingMessage, apiKey: string | undefined): Promise<Read> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  const refuse = (status: number, refusal: string): Read => ({ status, refusal });
  if (apiKey !== undefined && request.headers.authorization !== `Bearer ${apiKey}`) return refuse(401, 'no valid key');
  if (request.method !== 'POST') return refuse(405, `${request.method ?? ''} is not allowed`);
  if (request.headers['content-type'] !== 'application/json') return refuse(415, 'must be application/json');
  const body: unknown = JSON.parse(Buffer.concat(chunks).toString());
  if (request.url === '/v1/chat/completions') {
    const { data, error } = chatRequest.safeParse(body);
    return data ? { question: toChatQuestion(data) } : refuse(400, error?.message ?? '');
  }
  if (request.url !== '/completion') return refuse(404, `there is no ${request.url ?? ''}`);
  const { data, error } = completionRequest.safeParse(body);
  return data ? { question: toCompletionQuestion(data) } : refuse(400, error?.message ?? '');
}

async function answer(response: ServerResponse, question: LlmQuestion, behaviour: LlmBehaviour): Promise<void> {
  if ('reply' in behaviour) {
    // How long the model thinks is what is being played; no test waits by it.
    await sleep(behaviour.afterMs ?? 0);
    const reply = await behaviour.reply(question);
    return sendJson(response, 200, question.api === 'chat' ? toChatAnswer(reply) : toCompletionAnswer(reply));
  }
  switch (behaviour.fails) {
    case 'hang':
      return;
    case 'reset':
      return void response.socket?.resetAndDestroy();
    case 'reset half-way':
      response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': '1000' });
      response.write('{"choices":[{"message":{"content":"{\\"risk', () => response.socket?.resetAndDestroy());
      return;
    case 'status':
      response.writeHead(behaviour.status, { 'Content-Type': 'text/html', ...behaviour.headers });
      return void response.end(behaviour.body ?? '<h1>no</h1>');
    case 'body':
      response.writeHead(200, { 'Content-Type': 'application/json' });
      return void response.end(behaviour.body);
  }
}

function sendJson(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'Content-Type': 'application/json' });
  response.end(JSON.stringify(body));
}
