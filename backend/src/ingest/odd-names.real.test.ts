/** Names that no one would choose, and some cameras have. */
import { execFileSync } from 'node:child_process';
import { mkdir, readdir, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { toFilePath, toLedgerText, toName } from './file-path.ts';
import { createTestInbox, createWarnings, makeJpeg, type TestInbox } from './test-inbox.ts';

let test: TestInbox;
beforeEach(async () => void (test = await createTestInbox()));
afterEach(async () => {
  // Node removes by whole paths, and some here are longer than can be named.
  execFileSync('rm', ['-rf', test.inbox]);
  await test.close();
});

const NAMES: readonly (string | Buffer)[] = [
  'a b  c .jpg',
  ' .jpg',
  '-rf.jpg',
  '--help',
  'two\nlines\r\t\u001b[31m.jpg',
  '..%2f..%2fetc%2fpasswd'.slice(2),
  'C:\\windows\\x.jpg',
  'Caf\u00e9.jpg',
  'Cafe\u0301.jpg',
  '大门🚗.jpg',
  'gate\u202egpj.exe',
  '\uFFFD.jpg',
  "'; drop table frames; --.jpg",
  '$(reboot)`reboot`.jpg',
  'n'.repeat(255),
  '大'.repeat(85),
  Buffer.from('caf\xe9.jpg', 'latin1'),
  Buffer.from('caf\\xe9.jpg', 'latin1'),
  Buffer.from('\xff\xfe\x80.jpg', 'latin1'),
  Buffer.concat([Buffer.from('大').subarray(0, 2), Buffer.from('.jpg')]),
  Buffer.alloc(255, 0xe9),
];
const names = NAMES.map((name) => toName(Buffer.from(name)));

/** Written beside the inbox and renamed into it. */
async function put(path: string, bytes: Uint8Array): Promise<void> {
  const full = join(test.inbox, path);
  await mkdir(toFilePath(dirname(full)), { recursive: true });
  await writeFile(join(test.root, 'upload'), bytes);
  await rename(join(test.root, 'upload'), toFilePath(full));
}

/** What is in the inbox besides folders. */
const left = (): string => execFileSync('find', [test.inbox, '!', '-type', 'd'], { encoding: 'latin1' });

const sources = (): string[] => test.arrivals.map(({ sourceName }) => sourceName).sort();
/** Ours of the text that a name has in the ledger, with what steers a terminal escaped. */
const shown = (name: string): string =>
  toLedgerText(name)
    .replace('\n', '\\x0a')
    .replace('\r', '\\x0d')
    .replace('\t', '\\x09')
    .replace('\u001b', '\\x1b')
    .replace('\u202e', '\\u202e');

describe('a file', () => {
  it('of any name is heard of, recorded and removed', async () => {
    await mkdir(join(test.inbox, 'cam'));
    const ingest = await test.start();
    for (const [number, name] of names.entries()) await put(`cam/${name}`, await makeJpeg(number));
    await test.arrived(names.length);
    expect(sources()).toEqual(names.map(shown).sort());
    await ingest.idle();
    expect(left()).toBe('');
  });

  it('of any name is found by a scan, in a folder of any name, put aside or not', async () => {
    for (const [number, name] of names.entries()) await put(`${name}/${name}/${name}`, await makeJpeg(number));
    await put('caf\udce9/.nightjar/1f0e/\udcff.jpg', await makeJpeg(100));
    await (await test.start()).idle();
    expect(sources()).toEqual([...names.map((name) => `${shown(name)}/${shown(name)}`), '\\xff.jpg'].sort());
    expect(test.arrivals.find(({ sourceName }) => sourceName === '\\xff.jpg')?.cameraId).toBe('caf\\xe9');
    expect(left()).toBe('');
  });

  it('left in place is known again by its name, whatever that is', async () => {
    for (const [number, name] of names.entries()) await put(`cam/${name}`, await makeJpeg(number));
    const first = await test.start({ mode: 'copy' });
    await first.idle();
    await first.close();
    expect(new Set(test.arrivals.map(({ left }) => left?.path)).size).toBe(names.length);
    await (await test.start({ mode: 'copy' })).idle();
    expect(test.arrivals).toHaveLength(names.length);
    expect(test.known).toEqual([]);
    expect(await readdir(join(test.inbox, 'cam'))).toHaveLength(names.length);
  });

  it('in a folder that is not UTF-8 is found while polling: by the scan', async () => {
    await put('caf\udce9/\udcff.jpg', await makeJpeg(1));
    await test.start({ polling: true });
    await test.arrived(1);
    await put('caf\udce9/\udcfe.jpg', await makeJpeg(2));
    test.putForward(60_000);
    await test.arrived(2);
    await put('cam/\udcff.jpg', await makeJpeg(3));
    await test.arrived(3);
  });
});

describe('a path', () => {
  const level = 'd'.repeat(99);
  /** Inside the inbox; the whole path has so many bytes. */
  function toDeep(bytes: number): string {
    const leftBytes = bytes - test.inbox.length - '/cam/'.length;
    const folders = Math.floor(leftBytes / 100) - 1;
    return `cam/${`${level}/`.repeat(folders)}${'n'.repeat(leftBytes - folders * 100)}`;
  }

  it.each([3_000, 4_060, 4_095])('of %i bytes is heard of, recorded and removed', async (bytes) => {
    const ingest = await test.start();
    await mkdir(dirname(join(test.inbox, toDeep(bytes))), { recursive: true });
    await ingest.idle();
    await writeFile(join(test.inbox, toDeep(bytes)), await makeJpeg(1));
    await test.arrived(1);
    await ingest.idle();
    expect(left()).toBe('');
  });

  it('that is longer than can be named is told once, and holds up nobody', async () => {
    const deep = dirname(join(test.inbox, toDeep(4_095)));
    await mkdir(deep, { recursive: true });
    execFileSync('mkdir', ['-p', `${level}/${level}/${level}`], { cwd: deep });
    execFileSync('touch', [`${level}/${level}/${level}/far.jpg`, `${'o'.repeat(251)}.jpg`], { cwd: deep });
    const { log, warnings } = createWarnings();
    const ingest = await test.start({ log });
    await ingest.idle();
    for (const number of [1, 2]) {
      await put(`cam/fine${number}.jpg`, await makeJpeg(number));
      await ingest.idle();
    }
    expect(sources()).toEqual(['fine1.jpg', 'fine2.jpg']);
    expect(warnings).toHaveLength(2);
    for (const warning of warnings) expect(warning).toMatch(/longer than the system allows|name too long/);
  });

  it('of five hundred folders is found', async () => {
    await put(`${'d/'.repeat(500)}a.jpg`, await makeJpeg(1));
    await (await test.start()).idle();
    expect(sources()).toEqual([`${'d/'.repeat(499)}a.jpg`]);
  });
});
