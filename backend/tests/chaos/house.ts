/** Everything there is: database, bus, detector, disk, clocks, the processes of Nightjar, and two who listen to them. */
import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createCleanups, type Cleanups } from '../harness/cleanups.ts';
import { API_KEY } from '../harness/nightjar.ts';
import { createClient, type Client } from './client.ts';
import { openClocks, type Clocks } from './clocks.ts';
import { createCrew, type Crew } from './crew.ts';
import { openDataDisk, type DataDisk } from './data-disk.ts';
import { faultNames, type FaultName, type MemberName } from './plan.ts';
import { openServices, type Services } from './services.ts';

const READY_MS_MAX = 2_000;

export interface House extends Services, Crew {
  readonly inbox: string;
  readonly mediaDir: string;
  readonly disk: DataDisk;
  readonly clocks: Clocks | undefined;
  readonly clients: readonly Client[];
  /** Faults that can be brought about here. */
  readonly available: readonly FaultName[];
  /** Whether a process with the role `api` says that it is ready. */
  ready(name: MemberName): Promise<boolean>;
  close(): Promise<void>;
}

export interface HouseOptions {
  /** Whether worker threads may be struck, which takes the bundled model. */
  readonly withReal?: boolean | undefined;
  /** Where to keep the logs of the processes; they go with the house otherwise. */
  readonly logsDir?: string | undefined;
}

/** Up and running. Whatever was opened is closed again when a later part fails to open. */
export async function openHouse(options: HouseOptions = {}): Promise<House> {
  const cleanups = createCleanups();
  try {
    return await furnish(cleanups, options);
  } catch (thrown) {
    await cleanups.run();
    throw thrown;
  }
}

async function furnish(cleanups: Cleanups, { withReal = true, logsDir }: HouseOptions): Promise<House> {
  const root = await makeRoot(cleanups);
  const [inbox, dataDir] = [path.join(root, 'inbox'), path.join(root, 'data')];
  await mkdir(inbox);
  if (logsDir !== undefined) await mkdir(logsDir, { recursive: true });
  const disk = await openDataDisk(dataDir);
  cleanups.add(disk.close);
  const clocks = openClocks(root);
  cleanups.add(async () => clocks?.tidy());
  const services = await openServices(cleanups, clocks);
  const env = { DATA_DIR: dataDir, CAMERA_ROOT: inbox, ...toAddresses(services) };
  const crew = await createCrew({ root, logsDir: logsDir ?? root, env, clocks });
  cleanups.add(crew.retireAll);
  await crew.startAll();
  const clients = (['api-1', 'api-2'] as const).map((name) => createClient(`client of ${name}`, crew.apiUrl(name)));
  for (const client of clients) cleanups.add(client.close);
  return {
    ...services,
    ...crew,
    ...{ inbox, mediaDir: path.join(dataDir, 'media'), disk, clocks, clients },
    available: faultNames.filter((name) => isAvailable(name, { disk, clocks, withReal })),
    ready: (name) => isReady(crew.apiUrl(name)),
    close: cleanups.run,
  };
}

async function makeRoot(cleanups: Cleanups): Promise<string> {
  const root = await mkdtemp(path.join(tmpdir(), 'nightjar-chaos-'));
  // For root PostgreSQL runs as another user, who must read his clock.
  await chmod(root, 0o755);
  cleanups.add(() => rm(root, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 }));
  return root;
}

const toAddresses = ({ postgres, redis, detector }: Services) => ({
  DATABASE_URL: postgres.url,
  REDIS_URL: redis.url,
  DETECTORS: `remote:${detector.url}`,
});

async function isReady(url: string): Promise<boolean> {
  const request = { headers: { 'x-api-key': API_KEY }, signal: AbortSignal.timeout(READY_MS_MAX) };
  const answer = await fetch(`${url}/ready`, request).catch(() => undefined);
  await answer?.body?.cancel();
  return answer?.ok === true;
}

function isAvailable(name: FaultName, own: { disk: DataDisk; clocks: Clocks | undefined; withReal: boolean }): boolean {
  if (name === 'disk-full') return own.disk.isSmall;
  if (name.startsWith('clock-')) return own.clocks !== undefined;
  return own.withReal || !name.startsWith('thread-');
}
