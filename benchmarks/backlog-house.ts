/**
 * What the backlog and the scale are measured on: a PostgreSQL of its own (that does wait for the disk), a ledger full of
 * frames that wait, a detector server with a fixed service time, and processes of the built program.
 *
 * The frames are rows written straight into the ledger, each with a hash of its own, but all of one small picture in the
 * media store: 50,000 files would measure the disk. The detector is a stand-in, so nothing is said about detection.
 */
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { createCleanups } from '../backend/tests/harness/cleanups.ts';
import { createDataDir, startProcess, type NightjarProcess } from '../backend/tests/harness/nightjar.ts';
import { startPostgres, type PostgresServer } from '../backend/tests/harness/postgres-server.ts';
import { migrateDatabase, type Sql } from '../backend/src/db/index.ts';
import { startChild } from '../backend/src/lib/start-child.ts';
import { drawTiny, TINY_SIZE } from './tiny-picture.ts';

export interface BacklogHouse {
  readonly dataDir: string;
  readonly postgres: PostgresServer;
  readonly detectorPid: number;
  /** One more process, with these variables beside those that all have. */
  start(env: Readonly<Record<string, string>>): Promise<NightjarProcess>;
}

export interface BacklogOptions {
  readonly frames: number;
  readonly cameras: number;
  readonly serviceMs: number;
}

/** All of it is gone afterwards. */
export async function withBacklog<T>(options: BacklogOptions, use: (house: BacklogHouse) => Promise<T>): Promise<T> {
  const cleanups = createCleanups();
  try {
    const dataDir = await createDataDir();
    cleanups.add(dataDir.remove);
    const postgres = await startPostgres({ fsync: 'on', max_connections: '100' });
    cleanups.add(() => postgres.close());
    await migrateDatabase({ url: postgres.url });
    await postgres.withSql((sql) => seed(sql, dataDir.path, options));
    const detector = await startDetector(options.serviceMs);
    cleanups.add(() => detector.kill());
    const env = { DATABASE_URL: postgres.url, DETECTORS: `remote:${detector.url}`, DETECT_BATCH_MAX: '1', LOG_LEVEL: 'warn' }; // prettier-ignore
    return await use({
      dataDir: dataDir.path,
      postgres,
      detectorPid: detector.pid,
      async start(more) {
        const nightjar = await startProcess(dataDir.path, { ...env, ...more });
        cleanups.add(() => nightjar.kill('SIGKILL'));
        return nightjar;
      },
    });
  } finally {
    await cleanups.run();
  }
}

async function startDetector(serviceMs: number): Promise<{ url: string; pid: number; kill: () => void }> {
  const child = startChild(new URL('./fixed-detector.ts', import.meta.url), [`${serviceMs}`], { stdio: 'inherit' });
  const [{ port }] = (await once(child, 'message')) as [{ port: number }];
  return { url: `http://127.0.0.1:${port}`, pid: child.pid ?? 0, kill: () => void child.kill('SIGKILL') };
}

/** Frames of yesterday, a second apart, dealt among the cameras. */
async function seed(sql: Sql, dataDir: string, { frames, cameras }: BacklogOptions): Promise<void> {
  const picture = await drawTiny();
  const mediaPath = `cam0/00/${'0'.repeat(64)}.jpg`;
  const file = path.join(dataDir, 'media', mediaPath);
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, picture);
  await sql`
    insert into cameras (id, name, folder) select 'cam' || n, 'cam' || n, 'cam' || n from generate_series(0, ${cameras - 1}::int) as n`;
  await sql`
    insert into frames (id, camera_id, state, source_name, sha256, media_type, media_path, width, height, bytes, captured_at, received_at)
    select gen_random_uuid(), 'cam' || n % ${cameras}::int, 'pending', 'seed-' || n || '.jpg', encode(sha256(('seed ' || n)::bytea), 'hex'),
      'image/jpeg', ${mediaPath}, ${TINY_SIZE.width}, ${TINY_SIZE.height}, ${picture.length},
      now() - interval '1 day' + n * interval '1 s', now() - interval '1 hour' + n * interval '1 ms'
    from generate_series(0, ${frames - 1}::int) as n`;
  await sql.unsafe('analyze');
}

const TICKS_PER_SECOND = 100;

/** CPU seconds that these processes used so far (Linux; 0 elsewhere). A process' children count once they have ended. */
export async function readCpuSeconds(pids: readonly number[]): Promise<number> {
  const used = pids.map(async (pid) => {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
    // Behind the name in brackets: state is field 3; utime, stime, cutime and cstime are fields 14 to 17.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) / TICKS_PER_SECOND;
  });
  return (await Promise.all(used)).reduce((sum, seconds) => sum + seconds, 0);
}

/** CPU seconds in which this machine was not idle, all cores and everybody's work. */
export async function readBusySeconds(): Promise<number> {
  const [, user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = (
    await readFile('/proc/stat', 'utf8').catch(() => '')
  ).split('\n', 1)[0]?.split(/\s+/).map(Number) ?? []; // prettier-ignore
  return (user + nice + system + irq + softirq + steal) / TICKS_PER_SECOND;
}
