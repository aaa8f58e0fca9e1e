import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import type { Config } from '../config.ts';
import { toNightjarError } from '../lib/errors.ts';
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
  const stop = new AbortController();
  void stopped.then(() => stop.abort());
  const nightjar = await startNightjar(config, log, stop.signal).catch((thrown: unknown) => {
    // Told to stop while it waited for the database: that is what was asked for.
    if (stop.signal.aborted && toNightjarError(thrown).kind === 'cancelled') return undefined;
    throw thrown;
  });
  if (!nightjar) return 0;
  for (const line of toWelcome(config, nightjar, process.stdout.isTTY)) write(line);
  log.info({ signal: await stopped }, 'shutting down');
  await nightjar.close();
  return 0;
}

export function toWelcome(config: Config, { url, detectors }: Nightjar, terminal: boolean): readonly string[] {
  const lines = ['', 'Nightjar is up.'];
  if (config.roles.has('ingest')) lines.push(`  Inbox     ${config.inbox}/<camera>/   (${config.ingestMode})`);
  for (const { name, model, provider } of detectors) lines.push(`  Detector  ${name}: ${model} on ${provider}`);
  if (url) lines.push(`  API       ${url}/api`, `  Log in    ${toLoginUrl(url, config, terminal)}`);
  return [...lines, ''];
}

/**
 * The key stands behind the #, a part of the URL that browsers keep to themselves. Only for a person's eyes: what is
 * not a terminal is kept by journals and log collectors.
 */
const toLoginUrl = (url: string, { adminApiKey }: Config, terminal: boolean): string =>
  terminal ? `${url}/#key=${encodeURIComponent(adminApiKey)}` : `${url}/   (the key is ADMIN_API_KEY)`;

const KILL_AT_SIGNAL = 3;
const SIGNAL_EXIT_CODE = 130;

/**
 * The first signal; a second one shares the shutdown under way, a third kills. A closed terminal is a signal too, and so
 * is a reader of ours that went away (`| head`): without an end in order the database server would be left behind.
 */
export async function onceSignalled(log: Logger): Promise<string> {
  const first = new AbortController();
  let count = 0;
  const hangup = isHangupIgnored() ? [] : (['SIGHUP'] as const);
  for (const signal of ['SIGINT', 'SIGTERM', ...hangup] as const)
    process.on(signal, () => {
      count += 1;
      if (count === 1) first.abort(signal);
      else if (count >= KILL_AT_SIGNAL) process.exit(SIGNAL_EXIT_CODE);
      else log.info('shutting down already; once more kills');
    });
  process.stdout.on('error', () => first.abort('EPIPE'));
  await once(first.signal, 'abort');
  return first.signal.reason as string;
}

/** `nohup` starts us with SIGHUP ignored, and a handler of ours would undo that (Linux tells; signal 1 is bit 0). */
function isHangupIgnored(): boolean {
  if (!existsSync('/proc/self/status')) return false;
  const mask = /^SigIgn:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0';
  return (BigInt(`0x${mask}`) & 1n) === 1n;
}
