import { pino, type Logger } from 'pino';
import { PassThrough } from 'node:stream';
import pretty from 'pino-pretty';

export type { Logger };

export interface LogOptions {
  readonly level: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent';
  readonly format: 'pretty' | 'json';
}

/** Structured logs on stderr: stdout belongs to what a command was asked for. */
export function createLog({ level, format }: LogOptions): Logger {
  const stream =
    format === 'pretty'
      ? pretty({ destination: 2, ignore: 'pid,hostname', sync: true })
      : pino.destination({ dest: 2, sync: true });
  return pino({ level, base: null }, stream);
}

/** A log for tests: silent. */
export const silentLog: Logger = pino({ level: 'silent' }, new PassThrough());
