/** The processes of Nightjar, one for each member of the plan, and what they are told by their environment. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '../harness/redis.ts';
import type { Clocks } from './clocks.ts';
import { REAL_SCORE_MIN } from './files.ts';
import { createMember, type Member } from './member.ts';
import { memberNames, type MemberName } from './plan.ts';

const threadFaultFile = fileURLToPath(new URL('./thread-fault.mjs', import.meta.url));

export interface Crew {
  readonly members: ReadonlyMap<MemberName, Member>;
  member(name: MemberName): Member;
  /** Every process that was ever started here. */
  pids(): readonly number[];
  apiUrl(name: MemberName): string;
  /** Names how the worker threads of a detect process fail, as long as it is there. */
  threadFile(name: MemberName): string;
  startAll(): Promise<void>;
  retireAll(): Promise<void>;
  /** Has the detect processes compute themselves, or ask the server again. */
  setReal(isReal: boolean): Promise<void>;
}

export interface CrewOptions {
  readonly root: string;
  readonly logsDir: string;
  /** Where everything is, for all of them. */
  readonly env: Readonly<Record<string, string>>;
  readonly clocks: Clocks | undefined;
}

export async function createCrew({ root, logsDir, env, clocks }: CrewOptions): Promise<Crew> {
  const members = new Map<MemberName, Member>();
  const ports = new Map<MemberName, number>();
  const threadFile = (name: MemberName): string => path.join(root, `thread-${name}`);
  for (const name of memberNames) {
    const port = await freePort();
    ports.set(name, port);
    const own = { ...clocks?.env(name), ROLES: name.replace(/-\d$/, ''), PORT: `${port}` };
    const mayCrash = (): boolean => existsSync(`${threadFile(name)}.aborted`);
    const logFile = path.join(logsDir, `${name}.log`);
    members.set(name, createMember({ name, cwd: root, env: { ...env, ...limits, ...own }, logFile, mayCrash }));
  }
  const all = [...members.values()];
  const member = (name: MemberName): Member => {
    const found = members.get(name);
    if (!found) throw new Error(`no process ${name}`);
    return found;
  };
  return {
    members,
    member,
    pids: () => all.flatMap(({ pids }) => pids),
    apiUrl: (name) => `http://127.0.0.1:${ports.get(name) ?? 0}`,
    threadFile,
    async startAll() {
      // One first: the others would wait for its migration of the database.
      await member('ingest-1').start();
      await Promise.all(all.map((one) => one.start()));
    },
    retireAll: async () => void (await Promise.all(all.map((one) => one.retire()))),
    async setReal(isReal) {
      const names = ['detect-1', 'detect-2'] as const;
      await Promise.all(names.map((name) => member(name).terminate()));
      await Promise.all(names.map((name) => member(name).start(isReal ? toReal(threadFile(name)) : {})));
    },
  };
}

/** Short times, so that a round is short; attempts enough that chaos alone uses none up; nothing is deleted for its age. */
const limits = {
  INGEST_MODE: 'move',
  SETTLE_MS: '200',
  LEASE_SECONDS: '3',
  FRAME_ATTEMPTS_MAX: '50',
  EVENT_IDLE_S: '1',
  EVENT_WINDOW_S: '4',
  DETECTOR_TIMEOUT_MS: '2000',
  DETECT_BATCH_MAX: '4',
  RETENTION_DAYS: '0',
  DISK_FREE_MIN_GB: '0',
};

const toReal = (threadFile: string): Record<string, string> => ({
  DETECTORS: 'onnx',
  EXECUTION_PROVIDER: 'cpu',
  DETECT_WORKERS: '1',
  DETECT_THREADS: '1',
  DETECT_SCORE_MIN: `${REAL_SCORE_MIN}`,
  NODE_OPTIONS: `--import=${threadFaultFile}`,
  THREAD_FAULT_FILE: threadFile,
});
