import { existsSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { systemClock as clock } from '../lib/clock.ts';
import { NightjarError } from '../lib/errors.ts';
import type { Logger } from '../lib/log.ts';
import type { Place } from './embedded-place.ts';
import { connect } from './index.ts';
import { runProgram } from './run-program.ts';

const LOOK_EVERY_MS = 200;
/** A pid file is called stale only when several looks in a row say so: it may be just being written. */
const STALE_LOOKS = 3;
/** Recovery after a crash can take minutes on a slow disk. */
const READY_MS_MAX = 120_000;

/** A server from a previous life on this data, once it is ready, if one runs; a stale pid file is removed. */
export async function findRunning(place: Place, log: Logger): Promise<{ socketDir: string } | null> {
  const pidFile = path.join(place.dataDir, 'postmaster.pid');
  const untilMs = clock.nowMs() + READY_MS_MAX;
  for (let staleLooks = 0; staleLooks < STALE_LOOKS; await clock.sleep(LOOK_EVERY_MS)) {
    if (!existsSync(pidFile)) return null;
    // Lines: pid, data folder, start time, port, socket folder, address, shared memory, status (utils/pidfile.h)
    const lines = (await readFile(pidFile, 'utf8').catch(() => '')).split('\n');
    const [pid, , , , socketDir, , , status] = lines.map((line) => line.trim());
    if (!(await isServerOf(place, Number(pid))) && !(await answers(socketDir ?? ''))) staleLooks += 1;
    else if (socketDir && status === 'ready') return { socketDir };
    else if (clock.nowMs() > untilMs)
      throw new NightjarError(
        'unavailable',
        `PostgreSQL (pid ${pid ?? '?'}) does not become ready: see ${place.logFile}`,
      );
  }
  log.warn('removing the stale pid file of a database server that is gone');
  await rm(pidFile, { force: true });
  return null;
}

/** Whether `pid` is a PostgreSQL on this very data: a pid alone proves nothing after a reboot. */
async function isServerOf(place: Place, pid: number): Promise<boolean> {
  if (!Number.isInteger(pid) || pid <= 1) return false;
  // Small Linux images have no `ps`, other systems no /proc; a process that is gone has neither.
  const args = existsSync('/proc/self')
    ? await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
    : await runProgram(place.user, 'ps', ['-p', `${pid}`, '-o', 'args=']).catch(() => '');
  return args.includes('postgres') && args.includes(place.dataDir);
}

/** A server in another container is no process of ours to see, but its socket may be in the shared folder. */
async function answers(socketDir: string): Promise<boolean> {
  if (!existsSync(path.join(socketDir, '.s.PGSQL.5432'))) return false;
  const sql = connect({ socketDir, database: 'postgres' }, { max: 1 });
  return sql`select 1`
    .then(
      () => true,
      () => false, // refused, or not yet: either way it does not answer
    )
    .finally(() => sql.end({ timeout: 1 }));
}
