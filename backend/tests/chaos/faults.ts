/** How each fault is brought about, and how it ends. Every one of them is done to the real thing. */
import { rm, writeFile } from 'node:fs/promises';
import type { Failure } from '../standins/detector-server.ts';
import type { House } from './house.ts';
import { isThreadFault, memberNames, type FaultName, type MemberName, type PlannedFault } from './plan.ts';

export interface Fault {
  /** Faults on the same one wait for each other; all others may overlap. */
  target(fault: PlannedFault): string;
  begin(house: House, fault: PlannedFault): Promise<void>;
  end(house: House, fault: PlannedFault): Promise<void>;
}

const onMember = (
  begin: (house: House, name: MemberName) => Promise<void> | void,
  end: (house: House, name: MemberName) => Promise<void> | void,
): Fault => ({
  target: ({ member }) => member,
  begin: async (house, { member }) => begin(house, member),
  end: async (house, { member }) => end(house, member),
});

const onPart = (
  target: string,
  begin: (house: House) => Promise<unknown> | void,
  end: (house: House) => Promise<unknown> | void,
): Fault => ({
  target: () => target,
  begin: async (house) => void (await begin(house)),
  end: async (house) => void (await end(house)),
});

const start = (house: House, name: MemberName): Promise<void> => house.member(name).start();
const startPostgres = async ({ postgres }: House): Promise<void> => {
  if ((await postgres.pid()) === undefined) await postgres.start();
};
const none = (): void => undefined;

const onDetector = (failure: Failure): Fault =>
  onPart(
    'detector',
    ({ detector }) => void (detector.failure = failure),
    ({ detector }) => void (detector.failure = 'slow'),
  );

/** Only detect processes have threads that compute. */
export const toDetectMember = (name: MemberName): MemberName => (name.endsWith('2') ? 'detect-2' : 'detect-1');

const onThread = (how: string): Fault => ({
  target: ({ member }) => `thread of ${toDetectMember(member)}`,
  async begin(house, { member }) {
    const file = house.threadFile(toDetectMember(member));
    await rm(`${file}.aborted`, { force: true });
    await writeFile(file, how);
  },
  async end(house, { member }) {
    await rm(house.threadFile(toDetectMember(member)), { force: true });
    await start(house, toDetectMember(member));
  },
});

function onClocks(namesOf: (fault: PlannedFault) => readonly string[]): Fault {
  const set = (house: House, fault: PlannedFault, offsetS: number): void =>
    namesOf(fault).forEach((name) => house.clocks?.set(name, offsetS));
  return {
    target: () => 'clocks',
    begin: async (house, fault) => set(house, fault, fault.stepS),
    end: async (house, fault) => set(house, fault, 0),
  };
}

export const faults: Readonly<Record<FaultName, Fault>> = {
  kill: onMember((house, name) => house.member(name).kill(), start),
  terminate: onMember((house, name) => house.member(name).terminate(), start),
  pause: onMember(
    (house, name) => house.member(name).freeze(),
    (house, name) => house.member(name).thaw(),
  ),
  'postgres-restart': onPart('postgres', ({ postgres }) => postgres.restart('fast'), none),
  'postgres-stop': onPart('postgres', ({ postgres }) => postgres.stop('immediate'), startPostgres),
  'postgres-kill': onPart('postgres', ({ postgres }) => postgres.kill(), startPostgres),
  'postgres-read-only': onPart(
    'postgres',
    ({ postgres }) => postgres.setReadOnly(true),
    ({ postgres }) => postgres.setReadOnly(false),
  ),
  'postgres-cut': onPart('postgres', ({ postgres }) => postgres.cutConnections(), none),
  'postgres-pause': onPart(
    'postgres',
    ({ postgres }) => postgres.pause(),
    ({ postgres }) => postgres.resume(),
  ),
  'redis-stop': onPart(
    'redis',
    ({ redis }) => redis.stop(),
    ({ redis }) => redis.start(),
  ),
  'redis-kill': onPart(
    'redis',
    ({ redis }) => redis.kill(),
    ({ redis }) => redis.start(),
  ),
  'redis-pause': onPart(
    'redis',
    ({ redis }) => redis.pause(),
    ({ redis }) => redis.resume(),
  ),
  'detector-hang': onDetector('hang'),
  'detector-500': onDetector('error-500'),
  'detector-half': onDetector('cut-json'),
  'detector-reset': onDetector('reset'),
  'detector-crash': onPart(
    'detector',
    ({ detector }) => detector.kill(),
    ({ detector }) => detector.restart(),
  ),
  'disk-full': onPart(
    'disk',
    ({ disk }) => disk.fill(),
    ({ disk }) => disk.free(),
  ),
  'clock-one': onClocks(({ member }) => [member]),
  'clock-all': onClocks(() => [...memberNames, 'database']),
  'clock-database': onClocks(() => ['database']),
  'thread-throw': onThread('throw'),
  'thread-exit': onThread('exit'),
  'thread-hang': onThread('hang'),
  'thread-abort': onThread('abort'),
};

/** As the report names it: what was struck, where that is not in the fault's own name. */
export function toLabel({ name, member, forMs, stepS }: PlannedFault): string {
  const seconds = `${(forMs / 1_000).toFixed(1)} s`;
  if (['kill', 'terminate', 'pause'].includes(name)) return `${name} ${member} ${seconds}`;
  if (isThreadFault(name)) return `${name} ${toDetectMember(member)} ${seconds}`;
  if (name === 'clock-one') return `${name} ${member} ${stepS} s`;
  return name.startsWith('clock-') ? `${name} ${stepS} s` : `${name} ${seconds}`;
}
