import { once } from 'node:events';
import type { Config } from '../config.ts';
import type { Logger } from '../lib/log.ts';
import { startNightjar, type Nightjar } from '../main.ts';

export interface CommandOptions {
  readonly config: Config;
  readonly log: Logger;
  /** Writes a line of the answer: stdout is for what was asked for, the log is on stderr. */
  readonly write: (line: string) => void;
}

/** Everything in one process (or the configured roles), until a signal. Resolves to the exit code. */
export async function runServe({ config, log, write }: CommandOptions): Promise<number> {
  const stopped = onceSignalled(log);
  const nightjar = await startNightjar(config, log);
  for (const line of toWelcome(config, nightjar)) write(line);
  log.info({ signal: await stopped }, 'shutting down');
  await nightjar.close();
  return 0;
}

export function toWelcome(config: Config, { url, detector }: Nightjar): readonly string[] {
  const lines = ['', 'Nightjar is up.'];
  if (config.roles.has('ingest')) lines.push(`  Inbox     ${config.inbox}/<camera>/   (${config.ingestMode})`);
  if (detector) lines.push(`  Detector  ${detector.name}: ${detector.model} on ${detector.provider}`);
  // The key stands behind the #, a part of the URL that browsers keep to themselves.
  if (url) lines.push(`  API       ${url}/api`, `  Log in    ${url}/#key=${encodeURIComponent(config.adminApiKey)}`);
  return [...lines, ''];
}

const KILL_AT_SIGNAL = 3;
const SIGNAL_EXIT_CODE = 130;

/** The first signal; a second one shares the shutdown under way, a third kills. */
export async function onceSignalled(log: Logger): Promise<NodeJS.Signals> {
  const first = new AbortController();
  let count = 0;
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.on(signal, () => {
      count += 1;
      if (count === 1) first.abort(signal);
      else if (count >= KILL_AT_SIGNAL) process.exit(SIGNAL_EXIT_CODE);
      else log.info('shutting down already; once more kills');
    });
  await once(first.signal, 'abort');
  return first.signal.reason as NodeJS.Signals;
}
