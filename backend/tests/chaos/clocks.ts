/**
 * Clocks that can be stepped while their processes run: libfaketime, preloaded, reads the offset from a file of each
 * process. Only the time of day is stepped: timers and durations go by the monotonic clock, as on a real machine.
 */
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import path from 'node:path';

const LIBRARIES = ['x86_64-linux-gnu', 'aarch64-linux-gnu'].map(
  (machine) => `/usr/lib/${machine}/faketime/libfaketimeMT.so.1`,
);
/** Seconds for which a process may go by what it read last. */
const CACHE_S = 1;
const SHARED_MEMORY = '/dev/shm';

export interface Clocks {
  /** What a process must be started with so that its clock can be stepped. */
  env(name: string): Readonly<Record<string, string>>;
  /** So many seconds off; 0 sets it right. */
  set(name: string, offsetS: number): void;
  /** libfaketime leaves its shared memory behind when a process is killed. */
  tidy(): Promise<void>;
}

/** Undefined where libfaketime is not installed. `dir` must be readable by all. */
export function openClocks(dir: string): Clocks | undefined {
  const library = LIBRARIES.find((file) => existsSync(file));
  if (library === undefined) return undefined;
  const fileOf = (name: string): string => path.join(dir, `clock-${name}`);
  const set = (name: string, offsetS: number): void =>
    writeFileSync(fileOf(name), `${offsetS < 0 ? '' : '+'}${offsetS}\n`);
  return {
    set,
    env(name) {
      set(name, 0);
      return {
        LD_PRELOAD: library,
        FAKETIME_TIMESTAMP_FILE: fileOf(name),
        FAKETIME_CACHE_DURATION: `${CACHE_S}`,
        FAKETIME_DONT_FAKE_MONOTONIC: '1',
        NO_FAKE_STAT: '1',
      };
    },
    async tidy() {
      const left = readdirSync(SHARED_MEMORY).filter((name) => {
        const pid = /^(?:sem\.faketime_sem|faketime_shm)_(\d+)$/.exec(name)?.[1];
        return pid !== undefined && !existsSync(`/proc/${pid}`);
      });
      await Promise.all(left.map((name) => rm(path.join(SHARED_MEMORY, name), { force: true })));
    },
  };
}
