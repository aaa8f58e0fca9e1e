import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { createTestDatabase, type TestDatabase } from '../../../tests/harness/database.ts';
import { eventSchema } from '../../model/wire.ts';
import { pageOf } from '../pagination.ts';
import { seedCamera, seedEvent, seedFrame, seedTime } from '../tests/seed.ts';
import { startTestApi, type TestApi } from '../tests/test-api.ts';
import { toQuery, toSearch } from './search.ts';

const page = pageOf(eventSchema);
let db: TestDatabase;
let api: TestApi;
const ids: string[] = [];
const stories = [
  { cameraId: 'front_door', summary: 'A courier leaves a parcel.', notes: null, labels: { person: 1 } },
  { cameraId: 'front_door', summary: 'Two people talk (loudly)', notes: 'Größe XL; ÖFFNUNG', labels: { person: 2 } },
  { cameraId: 'yard', summary: 'Ein Fuchs — und ein Hase', notes: "O'Brien's <b>dog</b>/cat. Στην ΟΔΟΣ, İSTANBUL", labels: { 'hot dog': 1 } },
  { cameraId: 'yard', summary: 'пёс бежит. 前门 有人 🦊', notes: `${'x'.repeat(3_000)} behind ${'y'.repeat(90)}`, labels: { dog: 1 } },
]; // prettier-ignore

beforeAll(async () => {
  db = await createTestDatabase();
  api = await startTestApi(db);
  await seedCamera(db, 'front_door');
  await seedCamera(db, 'yard');
  for (const [index, { cameraId, summary, notes, labels }] of stories.entries()) {
    const startedAt = seedTime(index);
    const bestFrameId = await seedFrame(db, { cameraId, capturedAt: startedAt });
    const id = await seedEvent(db, { cameraId, bestFrameId, startedAt, labels });
    await db.query((sql) => sql`update events set summary = ${summary}, notes = ${notes} where id = ${id}`);
    ids.push(id);
  }
});
afterAll(async () => {
  await api.close();
  await db.close();
});

const find = async (q: string, more = ''): Promise<number[]> => {
  const { items } = page.parse(await api.get(`/api/events?q=${encodeURIComponent(q)}${more}`));
  return items.map(({ id }) => ids.indexOf(id)).sort();
};

describe('words are found', () => {
  test.each<[string, number[]]>([
    ['parcel', [0]],
    ['PARCEL courier', [0]],
    ['courier talk', []],
    ['par', [0]],
    ['par courier', []],
    ['person', [0, 1]],
    ['loudly', [1]],
    ['größe', [1]],
    ['GRÖSSE', []],
    ['öffnung', [1]],
    ['Gro\u0308ße', [1]],
    ['fuchs hase', [2]],
    ["o'brien", [2]],
    ['dog', [2, 3]],
    ['hot', [2]],
    ['ПЁС', [3]],
    ['前门', [3]],
    ['ΟΔΟΣ', [2]],
    ['οδος x', []],
    ['οδος cat', [2]],
    ['οδοσ cat', [2]],
    ['στην', [2]],
    ['İSTANBUL', [2]],
    ['İstanbul cat', [2]],
    ['🦊', [3]],
    ['behind', [3]],
    ['y'.repeat(90), [3]],
    [`${'x'.repeat(100)} dog`, [3]],
    ['front', [0, 1]],
    ['front door parcel', [0]],
    ['yard fox', []],
    ['front_door', [0, 1]],
    ['', [0, 1, 2, 3]],
    ['   ', [0, 1, 2, 3]],
    ['!!! & | <-> :*', []],
    ["' or 1=1 --", []],
    ['@yard', [2, 3]],
  ])('%s', async (q, expected) => {
    expect(await find(q)).toEqual(expected);
  });

  test('together with the other filters', async () => {
    expect(await find('dog', '&camera_id=yard&label=dog')).toEqual([3]);
    expect(await find('dog', '&camera_id=front_door')).toEqual([]);
    expect(await find('dog', '&reviewed=true')).toEqual([]);
    const counted = await api.get('/api/events?q=dog&count=true');
    expect(z.object({ total: z.int() }).parse(counted).total).toBe(2);
  });

  test('in what was written a moment ago', async () => {
    await api.sendJson('PATCH', `/api/events/${ids[0] ?? ''}`, { notes: 'Sünje was here' });
    expect(await find('SÜNJE')).toEqual([0]);
    await api.sendJson('PATCH', `/api/events/${ids[0] ?? ''}`, { notes: null });
    expect(await find('SÜNJE')).toEqual([]);
  });

  test("by the camera's name, also after it was renamed", async () => {
    expect(await find('garage')).toEqual([]);
    await db.query((sql) => sql`update cameras set name = 'Garage / north' where id = 'yard'`);
    expect(await find('garage')).toEqual([2, 3]);
    expect(await find('north fuchs')).toEqual([2]);
    expect(await find('gar')).toEqual([2, 3]);
    expect(await find('yard')).toEqual([2, 3]);
  });
});

test('whatever is typed is an answer, never an error', async () => {
  const typed = fc.oneof(
    fc.string({ unit: 'grapheme', maxLength: 60 }),
    fc.string({ unit: fc.constantFrom(...`'"\\&|!():*<->@%_;$ aé語`.split('')), maxLength: 40 }),
  );
  await fc.assert(
    fc.asyncProperty(typed, async (q) => {
      const { status } = await api.send(`/api/events?q=${encodeURIComponent(q)}`);
      expect([200, 400]).toContain(status);
      expect(status === 400).toBe(q.includes('\0') || q.length > 200);
    }),
    { numRuns: 150 },
  );
});

test('whatever was stored is found by the same words, whole or but for the end of the last', async () => {
  const texts = fc.oneof(
    fc.string({ unit: 'grapheme', maxLength: 80 }),
    fc.string({ unit: fc.constantFrom(...Array.from('aΣςσİıIßẞﬁǅÅ\u0307- ')), maxLength: 20 }),
  );
  const read = (q: string) => db.read((orm) => toSearch(orm, q, { cameraIds: null }));
  await fc.assert(
    fc.asyncProperty(texts, async (text) => {
      fc.pre(!text.includes('\0'));
      const search = await read(text);
      fc.pre(search !== undefined);
      const query = toQuery([...search.words, search.last]);
      const [row] = await db.query((sql) => sql<{ isFound: boolean }[]>`
        select event_words('c', '{}', ${text}, null) @@ ${query}::tsquery as is_found`); // prettier-ignore
      expect(row?.isFound).toBe(true);
    }),
    { numRuns: 300 },
  );
});
