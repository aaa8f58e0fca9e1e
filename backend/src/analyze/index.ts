/**
 * The analysts beyond the rules: today a language model behind HTTP.
 *
 * In: the dossier of an event, plain data. Out: a verdict, which is either a risk (score, summary, reasoning; the level is
 * never asked for) or why there is none, with every call that was made: prompt, answer, tokens. Knows no database.
 * Never throws; what fails is told apart: nobody took the question (`away`), it was taken in vain (`failed`).
 * Limits: calls at once, time of a call, length of an answer (LLM_*), 4 MiB of answer, tokens in a rolling hour; after 3
 * failures in a row a rest of 5 s, doubled up to a minute; an answer that cannot be used is asked for once more.
 */
export { createLlmAnalyst, type LlmAnalystOptions } from './analyst.ts';
export { createLlmClient, type LlmClient, type LlmClientOptions } from './llm-client.ts';
