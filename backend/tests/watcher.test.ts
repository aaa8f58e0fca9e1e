/** Ingest as a process that is stopped, and to which the kernel refuses to tell of things. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createCleanups } from './harness/cleanups.ts';
import { eventually } from './harness/eventually.ts';
import { drop } from './harness/nightjar.ts';
import { withComment } from './harness/pictures.ts';

const program = fileURLToPath(new URL('standins/ingest-process.ts', import.meta.url));
/** Stands for the minute of the real program. */
const RESCAN_MS = 3_000;
const FOUND_MS_MAX = 60_000;
/** Making more notices than this takes too long for a test. */
const QUEUE_MAX = 40_000;
const WATCHES_MAX = 4;
const CAMERAS = 8;

const cleanups = createCleanups();
let inbox: string;

beforeEach(async () => {
  inbox = await mkdtemp(path.join(tmpdir(), 'nightjar-watcher-'));
  cleanups.add(() => rm(inbox, { recursive: true, force: true }));
});
afterEach(cleanups.run);

async function makeJpeg(comment: string): Promise<Buffer> {
  const picture = sharp({ create: { width: 32, height: 32, channels: 3, background: '#456' } });
  return withComment(await picture.jpeg().toBuffer(), comment);
}

/** `within` is a command line that ends with running it, as `exec "$@"`. */
async function startIngest(within = 'exec "$@"') {
  const command = [process.execPath, '--import', 'tsx', program, inbox, String(RESCAN_MS)];
  const child = spawn('sh', ['-c', within, 'sh', ...command], { stdio: 'pipe', detached: true });
  const text = { out: '', log: '' };
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => void (text.out += chunk));
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => void (text.log += chunk));
  const closed = once(child, 'close');
  const signal = (name: NodeJS.Signals): boolean => process.kill(-(child.pid ?? 0), name);
  cleanups.add(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    signal('SIGKILL');
    await closed;
  });
  const arrivals = (): string[] => text.out.split('\n').filter((line) => line.includes('/'));
  await eventually(
    () => {
      if (child.exitCode !== null) throw new Error(`it ended: ${text.log}`);
      return text.out.includes('up\n');
    },
    { withinMs: FOUND_MS_MAX },
  );
  return { arrivals, signal, closed, stdin: child.stdin, log: () => text.log };
}

const until = (check: () => boolean, what: string) => eventually(check, { withinMs: FOUND_MS_MAX, what });

describe('the process', () => {
  it('stopped while the queue of notices ran over finds all that came, once, and hears again', async ({ skip }) => {
    const queueMax = Number(await readFile('/proc/sys/fs/inotify/max_queued_events', 'utf8').catch(() => 'NaN'));
    if (!(queueMax <= QUEUE_MAX)) skip('the queue of notices cannot be filled here');
    await mkdir(path.join(inbox, 'cam'));
    const ingest = await startIngest();
    await drop(inbox, 'cam/before.jpg', await makeJpeg('before'));
    await until(() => ingest.arrivals().length === 1, 'the first picture');

    ingest.signal('SIGSTOP');
    for (let round = 0; round <= queueMax / 2; round += 1) {
      await writeFile(path.join(inbox, 'cam/.noise'), '');
      await unlink(path.join(inbox, 'cam/.noise'));
    }
    const dropped = Array.from({ length: 20 }, (_, number) => `cam/${number}.jpg`);
    const inNewFolders = Array.from({ length: 20 }, (_, number) => `new/${number}/a.jpg`);
    for (const name of [...dropped, ...inNewFolders]) await drop(inbox, name, await makeJpeg(name));
    ingest.signal('SIGCONT');

    const all = ['cam/before.jpg', ...dropped, ...inNewFolders].sort();
    await until(() => ingest.arrivals().length === all.length, 'all that came meanwhile');
    await drop(inbox, 'cam/after.jpg', await makeJpeg('after'));
    await until(() => ingest.arrivals().length > all.length, 'what came after');
    expect(ingest.arrivals().sort()).toEqual([...all, 'cam/after.jpg'].sort());
    ingest.signal('SIGTERM');
    expect((await ingest.closed)[0]).toBe(0);
  });

  it('that may not watch every folder says so, finds all by scans, and watches again when it may', async ({ skip }) => {
    const limit = '/proc/sys/user/max_inotify_watches';
    const unshare = ['unshare', '--user', '--map-root-user', 'sh', '-c'] as const;
    const [first, ...rest] = [...unshare, `echo ${WATCHES_MAX} > ${limit}`];
    if (spawnSync(first, rest).status !== 0) skip('the limit of watches cannot be set here');
    for (let camera = 0; camera < CAMERAS; camera += 1) await mkdir(path.join(inbox, `cam${camera}`));
    // The limit is that of a user namespace of its own, and is lifted from inside it when told to.
    const lifted = `echo ${WATCHES_MAX} > ${limit}; "$@" & read line; echo 1000 > ${limit}; wait`;
    const ingest = await startIngest(`exec ${unshare.join(' ')} '${lifted}' sh "$@"`);
    expect(ingest.log()).toMatch(/max_user_watches/);
    const names = Array.from({ length: CAMERAS }, (_, camera) => `cam${camera}/a.jpg`);
    for (const name of names) await drop(inbox, name, await makeJpeg(name));
    await until(() => ingest.arrivals().length === CAMERAS, 'all files');
    expect(ingest.log().match(/watching the inbox/g)).toHaveLength(1);
    ingest.stdin.write('more\n');
    await until(() => ingest.log().includes('every folder of the inbox is watched again'), 'watching again');
  });
});
