/** The servers that Nightjar is told to call: detectors over HTTP, and the language model. */
import type { Config, DetectorChoice } from '../config.ts';
import type { DetectorBackend } from '../detect/index.ts';
import { createLog } from '../lib/log.ts';
import { openDetector } from '../parts.ts';

const LLM_MS_MAX = 5_000;

export interface ServerFinding {
  readonly part: string;
  readonly ok: boolean;
  readonly detail: string;
}

/** A row for each server of DETECTORS, from opening them as the program would. */
export async function checkRemoteDetectors(config: Config): Promise<readonly ServerFinding[]> {
  const remote = config.detectors.filter(({ engine }) => engine !== 'onnx');
  return (await Promise.all(remote.map((choice) => checkRemote(choice, config)))).flat();
}

async function checkRemote(choice: DetectorChoice, config: Config): Promise<readonly ServerFinding[]> {
  const detector = await openDetector(choice, config, createLog({ level: 'silent', format: 'json' }));
  try {
    const { backends, model } = detector.health();
    return backends.map((backend) => ({ part: choice.engine, ...toVerdict(backend, model) }));
  } finally {
    await detector.close();
  }
}

const toVerdict = ({ name, state, reason }: DetectorBackend, model: string) => ({
  ok: state !== 'unavailable',
  detail: state === 'unavailable' ? `${name}: ${reason ?? 'away'}` : `${name}: ${model}`,
});

/** Whether the language model's server is there and takes our key; none if the rules analyze. */
export async function checkLlm({ analyzer, llm }: Config): Promise<readonly ServerFinding[]> {
  if (analyzer !== 'llm' || llm.url === undefined) return [];
  const { origin, host } = new URL(llm.url);
  const headers = llm.apiKey === undefined ? {} : { authorization: `Bearer ${llm.apiKey}` };
  try {
    const answer = await fetch(`${origin}/v1/models`, { headers, signal: AbortSignal.timeout(LLM_MS_MAX) });
    await answer.body?.cancel();
    return [{ part: 'LLM', ...toLlmVerdict(answer.status, host) }];
  } catch {
    return [{ part: 'LLM', ok: false, detail: `${host} does not answer; events are scored by the rules meanwhile` }];
  }
}

/** Not every server lists its models: that it answers is what counts. */
function toLlmVerdict(status: number, host: string): Omit<ServerFinding, 'part'> {
  if (status === 401 || status === 403) return { ok: false, detail: `${host} refuses LLM_API_KEY (${status})` };
  if (status >= 500) return { ok: false, detail: `${host} answers ${status}` };
  return { ok: true, detail: `${host} answers` };
}
