import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../tests/harness/database.ts';
import { createTestQueue } from '../../tests/harness/ledger.ts';
import type { Queue } from './index.ts';

const MAX = 3;

describe('the cameras of folders', () => {
  let db: TestDatabase;
  const queues: Queue[] = [];

  beforeEach(async () => {
    db = await createTestDatabase();
    queues.push(await createTestQueue(db, { camerasMax: MAX }), await createTestQueue(db, { camerasMax: MAX }));
  });
  afterEach(async () => {
    await Promise.all(queues.splice(0).map((queue) => queue.close()));
    await db.close();
  });

  const resolve = async (folder: string, queue = queues[0]): Promise<string> =>
    (await queue?.resolveCamera(folder))?.id ?? '';
  const isForbidden = { kind: 'forbidden', message: 'there are 3 cameras, and CAMERAS_MAX is 3' };
  const countCameras = async (): Promise<number> =>
    (await db.query((sql) => sql`select from cameras where deleted_at is null`)).length;

  it('are made unasked up to the limit, whoever asks at once; the inbox itself has one in any case', async () => {
    const asked = Array.from({ length: 20 }, (_, number) => resolve(`cam${number}`, queues[number % 2]));
    const results = await Promise.allSettled(asked);
    const refusals = results.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []));
    expect(refusals).toHaveLength(20 - MAX);
    for (const refusal of refusals) expect(refusal).toMatchObject(isForbidden);
    expect(await countCameras()).toBe(MAX);
    expect(await resolve('.')).toBe('default');
  });

  it('are found beyond the limit when a person added them, or made room', async () => {
    for (const folder of ['a', 'b', 'c']) await resolve(folder);
    await expect(resolve('d')).rejects.toMatchObject(isForbidden);
    await db.query((sql) => sql`insert into cameras (id, name, folder) values ('d', 'D', 'd')`);
    expect(await resolve('d')).toBe('d');
    await db.query((sql) => sql`update cameras set deleted_at = now() where id in ('a', 'd')`);
    expect(await resolve('e')).toBe('e');
    // A deleted camera comes back as a new one would: if there is room.
    await expect(resolve('a', queues[1])).rejects.toMatchObject(isForbidden);
    await db.query((sql) => sql`update cameras set deleted_at = now() where id = 'b'`);
    expect(await resolve('a', queues[1])).toBe('a');
    expect(await countCameras()).toBe(MAX);
  });

  it('have ids of plain letters and names that can be shown; their folders are kept to the letter', async () => {
    const queue = await createTestQueue(db, { camerasMax: 100 });
    queues.push(queue);
    const cases = [
      ['..%2f..%2fetc', '2f_2fetc', '..%2f..%2fetc'],
      ['-rf', 'rf', '-rf'],
      ['Caf\u00e9', 'cafe', 'Caf\u00e9'],
      // The same to the eye, and another folder.
      ['Cafe\u0301', 'cafe_2', 'Cafe\u0301'],
      ['caf\\xe9', 'caf_xe9', 'caf\\xe9'],
      ['Tor\u001b[31m\nrot', 'tor_31m_rot', 'Tor\\x1b[31m\\x0arot'],
      ['gate\u202egpj', 'gate_gpj', 'gate\\u202egpj'],
      ['大门', 'camera', '大门'],
      ['n'.repeat(255), 'n'.repeat(60), 'n'.repeat(255)],
    ] as const;
    for (const [folder] of cases) await resolve(folder, queue);
    const cameras = await db.query(
      (sql) => sql<{ folder: string; id: string; name: string }[]>`select folder, id, name from cameras`,
    );
    expect(new Map(cameras.map(({ folder, id, name }) => [folder, { id, name }]))).toEqual(
      new Map(cases.map(([folder, id, name]) => [folder, { id, name }])),
    );
  });
});
