/**
 * Runs the services of docker-compose.prod.yml as containers without Docker, puts a picture into the inbox by FTP, and
 * waits until the API tells what is on it. Called by deploy/try.sh, which makes the images.
 */
import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { createCleanups } from '../harness/cleanups.ts';
import { eventually } from '../harness/eventually.ts';
import { readCompose, root, type Service } from './compose-file.ts';
import { toRunArgs, type House } from './container-args.ts';

const HEALTHY_MS_MAX = 120_000;
const EXAMINED_MS_MAX = 120_000;
const PICTURE = 'fixtures/cameras/Front Door/192.168.1.64_01_20240610143000250_MOTION_DETECTION.jpg';
const PREFIX = 'nightjar-try';
const ORDER = ['postgres', 'redis', 'ftp', 'ingest', 'detect', 'analyze', 'api'];

const [engine = 'podman', ...engineArgs] = (process.argv.at(2) ?? 'podman').split(' ');
const run = promisify(execFile);
const podman = async (...args: readonly string[]): Promise<string> => (await run(engine, [...engineArgs, ...args])).stdout.trim(); // prettier-ignore
const say = (line: string): void => void process.stdout.write(`${line}\n`);

const cleanups = createCleanups();
const compose = readCompose({ FTP_PASV_ADDRESS: '127.0.0.1' });
const addresses = new Map<string, string>();

const home = await mkdtemp(path.join(tmpdir(), 'nightjar-try-'));
cleanups.add(() => rm(home, { recursive: true, force: true }));

async function makeSecrets(): Promise<string> {
  await cp(path.join(root, 'deploy/make-secrets.sh'), path.join(home, 'make-secrets.sh'));
  await run(path.join(home, 'make-secrets.sh'));
  return path.join(home, 'secrets');
}

async function makeNetworksAndVolumes(): Promise<void> {
  for (const [name, { internal = false }] of Object.entries(compose.networks)) {
    await podman('network', 'create', ...(internal ? ['--internal'] : []), `${PREFIX}-${name}`);
    cleanups.add(() => podman('network', 'rm', '--force', `${PREFIX}-${name}`));
  }
  for (const name of Object.keys(compose.volumes)) {
    await podman('volume', 'create', `${PREFIX}-${name}`);
    cleanups.add(() => podman('volume', 'rm', '--force', `${PREFIX}-${name}`));
  }
}

async function start(name: string, service: Service, house: House): Promise<void> {
  const container = `${PREFIX}-${name}`;
  cleanups.add(() => podman('rm', '--force', '--volumes', '--time', '5', container));
  await podman(...toRunArgs(name, service, house));
  const check = (): Promise<boolean> => podman('exec', container, ...service.healthcheck.test.slice(1)).then(() => true, () => false); // prettier-ignore
  try {
    await eventually(check, { what: `${name}, healthy`, withinMs: HEALTHY_MS_MAX });
  } catch (thrown) {
    const { stdout, stderr } = await run(engine, [...engineArgs, 'logs', container]);
    throw new Error(`${name} does not become healthy:\n${stdout}${stderr}`, { cause: thrown });
  }
  const networks = JSON.parse(await podman('inspect', '--format', '{{json .NetworkSettings.Networks}}', container)) as Record<string, { IPAddress: string }>; // prettier-ignore
  for (const network of service.networks.slice(0, 1)) addresses.set(name, networks[`${PREFIX}-${network}`]?.IPAddress ?? ''); // prettier-ignore
  say(`healthy  ${name.padEnd(9)} ${addresses.get(name)}`);
}

/** Under a temporary name, then renamed, as cameras do. */
async function upload(house: House, file: string, name: string): Promise<void> {
  const password = await readFile(path.join(house.secretsDir, 'ftp_password'), 'utf8');
  const to = `ftp://camera:${password}@${addresses.get('ftp')}:2121/gate/${name}.part`;
  const rename = ['--quote', `-RNFR ${name}.part`, '--quote', `-RNTO ${name}`];
  await run('curl', ['-sS', '--ftp-skip-pasv-ip', '--ftp-create-dirs', ...rename, '-T', file, to]);
  say(`uploaded ${name} by FTP`);
}

/** By the ffmpeg of the image, into its memory. */
async function makeClip(): Promise<string> {
  const source = ['-f', 'lavfi', '-i', 'testsrc=duration=4:size=640x360:rate=5'];
  const [container, inside] = [`${PREFIX}-detect`, '/tmp/clip.mp4'];
  await podman('exec', container, 'ffmpeg', '-v', 'error', ...source, '-c:v', 'mpeg4', inside);
  const { stdout } = await run(engine, [...engineArgs, 'exec', container, 'cat', inside], { encoding: 'buffer' });
  const file = path.join(home, 'clip.mp4');
  await writeFile(file, stdout);
  return file;
}

/** Asked from inside: a machine of its own for builds may let nobody but containers reach containers. */
async function askInside(service: string, url: string): Promise<string> {
  const script = `const key = require('node:fs').readFileSync('/run/secrets/admin_api_key', 'utf8');
    fetch('${url}', { headers: { authorization: 'Bearer ' + key } }).then(async (answer) => {
      process.stdout.write(await answer.text()); process.exitCode = answer.ok ? 0 : 1; });`;
  return podman('exec', `${PREFIX}-${service}`, 'node', '-e', script);
}

async function list<T>(what: string): Promise<readonly T[]> {
  const answer = JSON.parse(await askInside('api', `http://127.0.0.1:8000/api/${what}`)) as { items: readonly T[] };
  return answer.items;
}

/** Until the API tells what is on the picture, and that the clip was examined. */
async function waitForResults(): Promise<void> {
  const withinMs = EXAMINED_MS_MAX;
  const seen = async () => {
    const found = await list<{ label: string; score: number }>('detections');
    return found.length > 0 ? found.map(({ label, score }) => `${label} ${score.toFixed(2)}`) : undefined;
  };
  say(`detected ${(await eventually(seen, { what: 'a detection', withinMs })).join(', ')}`);
  const cut = async () => (await list<{ state: string; frames_planned: number }>('clips')).find(({ state }) => state === 'done'); // prettier-ignore
  const { frames_planned: frames } = await eventually(cut, { what: 'a clip', withinMs });
  say(`clip     cut into ${frames} frames`);
  const left = await podman('exec', `${PREFIX}-ingest`, 'find', '/inbox', '-type', 'f');
  if (left !== '') throw new Error(`the inbox is not empty: ${left}`);
  say('moved    everything out of the inbox');
}

async function backUp(): Promise<void> {
  const answer = await podman(
    'exec',
    `${PREFIX}-api`,
    'node',
    '/app/backend/dist/cli.js',
    'backup',
    '/data/backup.tar',
  );
  say(`backup   ${answer.split('\n').at(-1) ?? ''}`);
}

/** As Prometheus asks: each process, over the inner network. */
async function countMetrics(): Promise<string> {
  const doors = [['api', 8000], ['ingest', 9000], ['detect', 9000], ['analyze', 9000]] as const; // prettier-ignore
  const counts = doors.map(async ([name, port]) => {
    const text = await askInside('api', `http://${addresses.get(name)}:${port}/metrics`);
    return `${name} ${text.split('\n').filter((line) => line !== '' && !line.startsWith('#')).length}`;
  });
  return (await Promise.all(counts)).join(', ');
}

async function stop(name: string): Promise<void> {
  const startedMs = Date.now();
  await podman('stop', '--time', '60', `${PREFIX}-${name}`);
  const code = await podman('inspect', '--format', '{{.State.ExitCode}}', `${PREFIX}-${name}`);
  say(`stopped  ${name.padEnd(9)} exit code ${code}, ${((Date.now() - startedMs) / 1_000).toFixed(1)} s`);
}

/** Into a database that is empty again, by a container that is there for this alone. */
async function restore(house: House, service: Service): Promise<void> {
  const sql = ['drop database nightjar', 'create database nightjar'].map((line) => `-c '${line}'`).join(' ');
  const psql = `PGPASSWORD=$(cat /run/secrets/postgres_password) psql -q -h 127.0.0.1 -U nightjar -d postgres ${sql}`;
  await podman('exec', `${PREFIX}-postgres`, 'sh', '-c', psql);
  cleanups.add(() => podman('rm', '--force', '--volumes', `${PREFIX}-restore`));
  await podman(...toRunArgs('restore', { ...service, command: ['restore', '/data/backup.tar'] }, house));
  const code = await podman('wait', `${PREFIX}-restore`);
  const { stdout, stderr } = await run(engine, [...engineArgs, 'logs', `${PREFIX}-restore`]);
  if (code !== '0') throw new Error(`restore ends with ${code}:\n${stdout}${stderr}`);
  say(`restore  ${stdout.trim().split('\n').at(-1) ?? ''}`);
}

const ours = new Set(['api', 'analyze', 'detect', 'ingest']);
try {
  const house = { prefix: PREFIX, secretsDir: await makeSecrets(), addresses };
  await makeNetworksAndVolumes();
  for (const name of ORDER) {
    const service = compose.services[name];
    if (service) await start(name, service, house);
  }
  await upload(house, path.join(root, PICTURE), 'picture.jpg');
  await upload(house, await makeClip(), 'clip.mp4');
  await waitForResults();
  await backUp();
  say(`metrics  ${await countMetrics()}`);
  say(await podman('stats', '--no-stream', '--format', '{{.Name}} {{.MemUsage}}'));
  for (const name of ours) await stop(name);
  if (compose.services['api']) await restore(house, compose.services['api']);
  for (const name of ORDER.filter((one) => !ours.has(one)).reverse()) await stop(name);
} finally {
  await cleanups.run();
}
