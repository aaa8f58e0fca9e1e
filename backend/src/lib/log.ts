import { pino, type DestinationStream, type Logger } from 'pino';
import { PassThrough } from 'node:stream';
import pretty from 'pino-pretty';
import { errorCode } from './errors.ts';

export type { Logger };

export interface LogOptions {
  readonly level: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent';
  readonly format: 'pretty' | 'json';
}

/** Structured logs on stderr: stdout belongs to what a command was asked for. */
export function createLog({ level, format }: LogOptions, destination?: DestinationStream): Logger {
  const stream =
    format === 'pretty'
      ? pretty({ destination: destination ?? 2, ignore: 'pid,hostname', sync: true })
      : (destination ?? pino.destination({ dest: 2, sync: true }));
  return pino({ level, base: null, serializers: { err: toErrorFacts } }, stream);
}

/** A log for tests: silent. */
export const silentLog: Logger = pino({ level: 'silent' }, new PassThrough());

const CAUSES_MAX = 4;

/** What an error may say in a log. Foreign errors carry more: ioredis puts the command in, and so the password. */
export function toErrorFacts(thrown: unknown, depth = 0): object {
  if (!(thrown instanceof Error)) return { message: String(thrown) };
  const { name: type, message, stack, cause } = thrown;
  const code = errorCode(thrown);
  const facts = { type, message, ...(code ? { code } : {}), stack };
  return cause === undefined || depth >= CAUSES_MAX ? facts : { ...facts, cause: toErrorFacts(cause, depth + 1) };
}
