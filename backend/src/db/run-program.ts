import { execFile } from 'node:child_process';
import { NightjarError } from '../lib/errors.ts';
import type { LocalUser } from './local-user.ts';

const OUTPUT_BYTES_MAX = 1024 * 1024;

/** Runs a program of the database to its end as `user`; resolves to its stdout, rejects with what it said on stderr. */
export function runProgram(user: LocalUser, file: string, args: readonly string[]): Promise<string> {
  const [program, ...rest] = [...user.prefix, file, ...args] as [string, ...string[]];
  return new Promise((resolve, reject) => {
    execFile(program, rest, { cwd: '/', ...user.spawnAs, maxBuffer: OUTPUT_BYTES_MAX }, (error, stdout, stderr) => {
      if (!error) resolve(stdout);
      else
        reject(
          new NightjarError('unavailable', `${file}: ${(stderr || stdout || error.message).trim()}`, { cause: error }),
        );
    });
  });
}
