/** Dead letters as a person deals with them: listed, looked at and queued again, by the API and on a terminal. */
import { access, mkdir, readFile, symlink } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { H264, makeFilm } from '../src/clips/test-films.ts';
import { connect } from '../src/db/index.ts';
import type { ClipWire, FrameWire } from '../src/model/wire.ts';
import { createCleanups } from './harness/cleanups.ts';
import { eventually } from './harness/eventually.ts';
import { API_KEY, createDataDir, drop, getAll, readPostmasterPid, readSummary, runCli, startProcess, untilDone } from './harness/nightjar.ts'; // prettier-ignore
import { readStreet, withComment } from './harness/pictures.ts';

const TEST_MS = 180_000;
const PICTURES = 3;

const cleanups = createCleanups();
afterEach(cleanups.run);

it(
  'of frames are listed, shown and queued again, with Nightjar running and without',
  { timeout: TEST_MS },
  async () => {
    const dataDir = await createDataDir();
    cleanups.add(dataDir.remove);
    const inbox = path.join(dataDir.path, 'inbox');
    const cli = (...args: string[]) =>
      runCli(['frames', ...args], { cwd: dataDir.path, env: { DATA_DIR: dataDir.path } });
    const listJson = async (...args: string[]): Promise<FrameWire[]> =>
      (await cli('list', '--json', ...args)).stdout
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as FrameWire);

    // Nobody examines for now, and the detector is said to have been away for all attempts.
    const first = await startProcess(dataDir.path, { ROLES: 'api,ingest' });
    cleanups.add(() => first.kill('SIGKILL'));
    const street = await readStreet();
    await drop(inbox, 'yard/text.jpg', Buffer.from('no picture at all'));
    await drop(inbox, 'door/0.jpg', withComment(street, '0'));
    for (let at = 1; at < PICTURES; at += 1) await drop(inbox, `yard/${at}.jpg`, withComment(street, `${at}`));
    await eventually(async () => (await readSummary(first)).frames.total === PICTURES + 1, { what: 'four frames' });
    const sql = connect({ socketDir: path.join(dataDir.path, 'run'), database: 'nightjar' }, { max: 1 });
    await sql`
    update frames set state = 'dead', attempts = 5, processed_at = now(), error_kind = 'unavailable', error_message = 'the detector is away'
    where state = 'pending'`.finally(() => sql.end());

    // Looked at.
    const dead = await listJson('--state', 'dead');
    expect(dead).toEqual(await getAll<FrameWire>(first, '/api/frames?state=dead'));
    expect(await listJson('--state', 'dead', '--camera', 'door')).toMatchObject([{ source_name: '0.jpg' }]);
    const { stdout: table } = await cli('list', '--state', 'dead');
    for (const { id } of dead) expect(table).toContain(id);
    expect(table).toMatch(/│ dead +│ 5 +│ unavailable: the detector is away/);
    const [door, junk, ...yard] = ['door', 'text.jpg', '1.jpg', '2.jpg'].map(
      (text) => dead.find((frame) => frame.camera_id === text || frame.source_name === text)?.id ?? '',
    );
    const { stdout: shown } = await cli('show', yard[0] ?? '');
    expect(shown).toMatch(/^camera +yard \(yard\), folder yard$/m);
    await access(/^kept +(.+)$/m.exec(shown)?.[1] ?? '');

    // Queued again: some on the terminal, the others by the API.
    expect((await cli('requeue', '--all', junk ?? '')).code).toBe(2);
    const some = await cli('requeue', yard[0] ?? '', junk ?? '');
    expect(some.stdout).toBe(`${yard[0]}: pending again\n${junk}: it still cannot be examined: not a picture: the content is of no known format\n`); // prettier-ignore
    expect(some.code).toBe(1);
    expect(await cli('requeue', '--all', '--camera', 'door')).toMatchObject({ code: 0, stdout: '1 frame(s) pending again\n' }); // prettier-ignore
    const headers = { 'X-API-Key': API_KEY };
    const rest = await fetch(`${first.url}/api/frames/requeue?state=dead`, { method: 'POST', headers });
    expect(await rest.json()).toEqual({ requeued: 1 });
    const again = await fetch(`${first.url}/api/frames/${door}/requeue`, { method: 'POST', headers });
    expect(again.status).toBe(409);

    const byCli = { actor_id: 'cli', via: 'cli', address: null };
    const { items: audit } = await first.get<{ items: object[] }>('/api/audit?actor_id=cli');
    expect(audit).toMatchObject([
      { ...byCli, action: 'frames.requeued', target_id: null, after: { requeued: 1, query: { state: 'dead', camera_id: 'door' } } },
      { ...byCli, action: 'frame.requeued', target_id: yard[0], before: { state: 'dead', id: yard[0] }, after: { state: 'pending' } },
    ]); // prettier-ignore
    expect(audit).toHaveLength(2);

    // Without a Nightjar the command raises the database itself, and puts it to rest again.
    expect(await first.kill('SIGTERM')).toBe(0);
    expect((await listJson('--state', 'pending')).map(({ attempts }) => attempts)).toEqual([0, 0, 0]);
    expect(await readPostmasterPid(dataDir.path)).toBeUndefined();

    const second = await startProcess(dataDir.path);
    cleanups.add(() => second.kill('SIGKILL'));
    await untilDone(second, PICTURES);
    const done = await getAll<FrameWire>(second, '/api/frames?state=done');
    expect(done.map(({ attempts, error }) => [attempts, error])).toEqual(Array(PICTURES).fill([1, null]));
    expect(await second.kill('SIGTERM')).toBe(0);
  },
);

it(
  'of clips, and of files in the inbox, have another chance too, while Nightjar runs',
  { timeout: TEST_MS },
  async () => {
    const dataDir = await createDataDir();
    cleanups.add(dataDir.remove);
    const inbox = path.join(dataDir.path, 'inbox');
    const cli = (...args: string[]) => runCli(args, { cwd: dataDir.path, env: { DATA_DIR: dataDir.path } });
    const nightjar = await startProcess(dataDir.path);
    cleanups.add(() => nightjar.kill('SIGKILL'));

    // A clip is cut, and then is as if ffmpeg had failed after its first frame.
    const film = await makeFilm(path.join(dataDir.path, 'film.mp4'), { seconds: 6, rate: 10, args: H264 });
    await drop(inbox, 'yard/2024-06-10_12-00-00.mp4', await readFile(film));
    const readClips = () => getAll<ClipWire>(nightjar, '/api/clips');
    await eventually(async () => (await readClips())[0]?.state === 'done', { withinMs: 60_000, what: 'the clip to be cut' }); // prettier-ignore
    const [clip] = await readClips();
    const framesPlanned = clip?.frames_planned ?? 0;
    expect(framesPlanned).toBeGreaterThan(1);
    await untilDone(nightjar, framesPlanned);
    const sql = connect({ socketDir: path.join(dataDir.path, 'run'), database: 'nightjar' }, { max: 1 });
    const [first] = await sql<{ id: string }[]>`select id from frames order by clip_offset_ms limit 1`;
    await sql`delete from frames where id <> ${first?.id ?? ''}`;
    await sql`update clips set state = 'dead', attempts = 5, error_kind = 'unavailable', error_message = 'ffmpeg was killed'`;
    const [{ count: kept } = { count: 0 }] = await sql<{ count: number }[]>`select count(*) from frames`;
    await sql.end();

    // Looked at and queued again on a terminal; the frames that it has are not cut again.
    const id = clip?.id ?? '';
    const listed = await cli('clips', 'list', '--state', 'dead', '--camera', 'yard', '--json');
    expect(JSON.parse(listed.stdout)).toEqual((await readClips())[0]);
    const { stdout: shown } = await cli('clips', 'show', id);
    expect(shown).toMatch(new RegExp(`^frames +${kept} of ${framesPlanned}$`, 'm'));
    await access(/^kept +(.+)$/m.exec(shown)?.[1] ?? '');
    expect(await cli('clips', 'requeue', id)).toMatchObject({ code: 0, stdout: `${id}: pending again\n` });
    await untilDone(nightjar, framesPlanned);
    await eventually(async () => (await readClips())[0]?.state === 'done', { what: 'the clip to be done' });
    expect(await readClips()).toMatchObject([{ attempts: 1, error: null }]);
    const cut = await getAll<FrameWire>(nightjar, `/api/clips/${id}/frames`);
    expect(cut.map((frame) => frame.id)).toContain(first?.id);
    expect(cut).toHaveLength(framesPlanned);
    const metrics = await (await fetch(`${nightjar.url}/metrics`)).text();
    for (const line of ['clip_cutter_up 1', 'queue_clips{state="dead"} 0', 'retention_deleted_clips_total 0'])
      expect(metrics).toContain(`\nnightjar_${line}\n`);
    expect(await nightjar.get('/api/system')).toMatchObject({ clips: { state: 'ready', reason: null } });

    // A link is never followed; asked to look again, ingest does so at once, and says so again.
    await mkdir(path.join(inbox, 'door'), { recursive: true });
    await symlink('/nowhere', path.join(inbox, 'door/link.jpg'));
    const readDead = () => getAll<FrameWire>(nightjar, '/api/frames?state=dead');
    const link = await eventually(async () => (await readDead())[0], { what: 'the link to be refused' });
    expect(await cli('frames', 'requeue', link.id)).toMatchObject({ code: 0, stdout: expect.stringContaining('looked at anew') as string }); // prettier-ignore
    const isAnother = (dead: readonly FrameWire[]) => dead.length === 1 && dead[0]?.id !== link.id;
    await eventually(async () => isAnother(await readDead()), { what: 'the link to be looked at anew' });
    expect((await nightjar.get<{ items: object[] }>('/api/audit?actor_id=cli')).items).toMatchObject([
      { action: 'frame.requeued', target_id: link.id, before: { state: 'dead' }, after: null },
      { action: 'clip.requeued', target_id: id, before: { state: 'dead' }, after: { state: 'pending' } },
    ]);
    expect(await nightjar.kill('SIGTERM')).toBe(0);
  },
);
