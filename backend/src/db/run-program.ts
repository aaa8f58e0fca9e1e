import { execFile } from 'node:child_process';
import { NightjarError } from '../lib/errors.ts';
import type { LocalUser } from './local-user.ts';

const OUTPUT_BYTES_MAX = 1024 * 1024;

/** Runs a program of the database to its end as `user`; resolves to its stdout, rejects with what it said on stderr. */
export function runProgram(user: LocalUser, file: string, args: readonly string[]): Promise<string> {
  const [program, ...rest] = [...user.prefix, file, ...args] as [string, ...string[]];
  return new Promise((resolve, reject) => {
    // pg_ctl leaves a daemon behind: it must not keep our folder busy, nor inherit a locale that it may not know.
    const env = { ...process.env, LC_ALL: 'C' }; // the child's environment, not configuration of ours
    execFile(program, rest, { cwd: '/', env, ...user.ids, maxBuffer: OUTPUT_BYTES_MAX }, (error, stdout, stderr) => {
      if (!error) resolve(stdout);
      else
        reject(
          new NightjarError('unavailable', `${file}: ${(stderr || stdout || error.message).trim()}`, { cause: error }),
        );
    });
  });
}
