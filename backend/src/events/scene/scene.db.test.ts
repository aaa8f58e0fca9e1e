import { describe, expect, it } from 'vitest';
import { messageSchema } from '../../model/wire.ts';
import { closeEvents } from '../close.ts';
import { addZone, at, createStore, db, examine, object, openForEachTest, readDetections, readEvents, readMessages, rules, transact } from './test-scene.ts'; // prettier-ignore

openForEachTest();

// Their feet are at a quarter and at three quarters of the width.
const left = object('person', { x: 150, y: 100, width: 20, height: 200 });
const right = object('person', { x: 470, y: 100, width: 20, height: 200 }, 0.99);
const carRight = object('car', { x: 400, y: 200, width: 160, height: 80 }, 0.8);

const reasons = async () => (await readDetections()).map(({ suppressedBy }) => suppressedBy);
const countsOf = async () => (await readEvents()).map(({ labels, detectionCount, frameCount, bestScore }) => ({ labels, detectionCount, frameCount, bestScore })); // prettier-ignore

describe('zones', () => {
  it('what does not count is stored and told of, marked; the event is made of the rest', async () => {
    const [watch, ignore] = [await addZone('watch'), await addZone('ignore', { labels: ['cat'] })];
    const cat = object('cat', { x: 150, y: 200, width: 20, height: 20 });
    await examine([{ second: 0, objects: [left, right, cat, carRight] }]);
    const [event] = await readEvents();
    expect(event).toMatchObject({ labels: { person: 1 }, detectionCount: 1, frameCount: 1, riskScore: 40 });
    expect(event?.bestScore).toBeCloseTo(0.9);
    const eventId = event?.id;
    expect(await readDetections()).toMatchObject([
      { label: 'car', eventId: null, suppressedBy: 'outside_zones', zoneIds: [] },
      { label: 'cat', eventId: null, suppressedBy: 'ignore_zone', zoneIds: [watch, ignore] },
      { label: 'person', eventId, suppressedBy: null, zoneIds: [watch], frameEventId: eventId },
      { label: 'person', eventId: null, suppressedBy: 'outside_zones' },
    ]);
    const told = await readMessages();
    for (const message of told) expect(messageSchema.safeParse(message).error).toBeUndefined();
    expect(told.map(({ type }) => type)).toEqual(['camera.created', 'camera.status', 'detection.created', 'event.opened']);
    const created = told.find((message) => message.type === 'detection.created');
    expect(created?.data.detections.map(({ label, event_id, suppressed_by }) => [label, event_id, suppressed_by])).toEqual([
      ['person', eventId, null], ['person', null, 'outside_zones'], ['cat', null, 'ignore_zone'], ['car', null, 'outside_zones'],
    ]);
  }); // prettier-ignore

  it('a frame in which nothing counts opens no event, and extends none', async () => {
    await addZone('watch');
    await examine([{ second: 0, objects: [right] }]);
    expect(await readEvents()).toEqual([]);
    await examine([{ second: 5, objects: [left] }, { second: 10, objects: [right] }]); // prettier-ignore
    expect(await readEvents()).toMatchObject([{ startedAt: at(5), endedAt: at(5), frameCount: 1 }]);
    expect(await readDetections()).toMatchObject([{ frameEventId: null }, {}, { frameEventId: null }]);
    expect((await readMessages()).filter(({ type }) => type === 'detection.created')).toHaveLength(3);
  });

  it('what changes holds for the next frame, whichever process stores it', async () => {
    const [one, other] = [createStore(), createStore()];
    await examine([{ second: 0, objects: [left] }], { stores: [one] });
    const zone = await addZone('ignore');
    await examine([{ second: 1, objects: [left] }], { stores: [one] });
    await db.query((sql) => sql`update zones set enabled = false where id = ${zone}`);
    await examine([{ second: 2, objects: [left] }], { stores: [other] });
    expect(await reasons()).toEqual([null, 'ignore_zone', null]);
  });

  it('of another camera are not about this one', async () => {
    await db.query((sql) => sql`insert into cameras (id, name, folder) values ('door', 'door', 'door')`);
    const zone = await addZone('ignore');
    await db.query((sql) => sql`update zones set camera_id = 'door' where id = ${zone}`);
    await examine([{ second: 0, objects: [left] }]);
    expect(await reasons()).toEqual([null]);
  });

  it('take precedence: what they suppress is not remembered as standing still', async () => {
    await addZone('ignore');
    const seconds = [0, 30, 60, 90];
    await examine(seconds.map((second) => ({ second, objects: [left, carRight] }))); // prettier-ignore
    const found = await readDetections();
    const reasonsOf = (label: string) => found.filter((one) => one.label === label).map(({ suppressedBy }) => suppressedBy); // prettier-ignore
    expect(reasonsOf('person')).toEqual(Array(4).fill('ignore_zone'));
    expect(reasonsOf('car')).toEqual([null, null, 'stationary', 'stationary']);
    expect(await db.query((sql) => sql`select label, sightings from stationary_objects`)).toEqual([{ label: 'car', sightings: 4 }]); // prettier-ignore
  });
});

describe('what stands still', () => {
  const walking = (second: number) => object('person', { x: 40 + (second % 50) * 10, y: 150, width: 40, height: 120 });
  /** It trembles by a pixel or two, and is now and then a truck, or missed. */
  const parked = (second: number) => object(second % 7 === 0 ? 'truck' : 'car', { x: 400 + (second % 3), y: 200 - (second % 2), width: 160 + (second % 2), height: 80 }); // prettier-ignore

  it('a parked car in 200 frames over hours opens one event, and who walks past it one of her own', async () => {
    // A frame each two minutes, but each ten seconds at the beginning, and a walk of twenty seconds in the middle.
    const early = Array.from({ length: 10 }, (_, n) => n * 10);
    const later = Array.from({ length: 180 }, (_, n) => 120 * (n + 1));
    const walk = Array.from({ length: 10 }, (_, n) => 120 * 90 + 10 + n * 2);
    const shots = [...early, ...later, ...walk].sort((a, b) => a - b).map((second) => {
      const car = second > 60 && second % 11 === 0 ? [] : [parked(second)];
      return { second, objects: walk.includes(second) ? [...car, walking(second)] : car };
    }); // prettier-ignore
    for (let from = 0; from < 100; from += 25) await examine(shots.slice(from, from + 25), { atOnce: true });
    // Another process, after a restart.
    for (let from = 100; from < 200; from += 10) await examine(shots.slice(from, from + 10), { atOnce: true });
    expect(shots).toHaveLength(200);
    expect(await countsOf()).toMatchObject([
      { labels: { car: 1, truck: 1 }, frameCount: 6 },
      { labels: { person: 1 }, frameCount: 10, detectionCount: 10 },
    ]);
    expect(await readEvents()).toMatchObject([{ startedAt: at(0), endedAt: at(50) }, { startedAt: at(walk[0] ?? 0) }]);
    expect(await db.query((sql) => sql`select count(*) from stationary_objects where label = 'truck' and sightings > 150`)).toEqual([{ count: 1 }]); // prettier-ignore
  });

  it('an event of which only what stands still is left closes by silence', async () => {
    const close = () => transact((tx, say) => closeEvents(tx, say, rules));
    await examine([0, 30, 50, 60, 70].map((second) => ({ second, objects: [carRight] }))); // prettier-ignore
    expect(await close()).toBe(0);
    await examine([{ second: 90, objects: [carRight] }]);
    expect(await close()).toBe(1);
    expect(await readEvents()).toMatchObject([{ state: 'closed', endedAt: at(50), frameCount: 3 }]);
  });

  it('frames of one transaction are taken up by their time, the newest first is no matter', async () => {
    const seconds = Array.from({ length: 60 }, (_, n) => n * 60);
    const shots = seconds.map((second) => ({ second, objects: [carRight] }));
    await examine(shots.slice(50), { atOnce: true });
    await examine(shots.slice(0, 50), { atOnce: true });
    expect((await reasons()).filter((reason) => reason === null)).toHaveLength(2);
  });

  it('is told of as one who lingers: a person', async () => {
    await examine([0, 10, 20, 30, 40, 50, 60].map((second) => ({ second, objects: [left] })));
    expect(await readEvents()).toMatchObject([{ riskScore: 50, frameCount: 7 }]);
    await examine(
      Array.from({ length: 30 }, (_, n) => ({ second: 70 + n * 10, objects: [left] })),
      { atOnce: true },
    );
    const still = (await readDetections()).filter(({ suppressedBy }) => suppressedBy === 'stationary');
    expect(still.map(({ capturedAt }) => capturedAt)).toEqual([300, 310, 320, 330, 340, 350, 360].map(at));
    expect((await readEvents()).map(({ riskScore }) => riskScore)).toEqual([50, 50, 50]);
  });

  it('hides nobody who comes later, where a camera takes pictures of visitors alone', async () => {
    const visit = (second: number) => [0, 3, 6].map((after) => ({ second: second + after, objects: [left] }));
    await examine(
      Array.from({ length: 21 }, (_, n) => ({ second: n * 30, objects: [left] })),
      { atOnce: true },
    );
    expect((await reasons()).at(-1)).toBe('stationary');
    for (const hour of [1, 6, 11, 16, 21, 26]) await examine(visit(hour * 3_600), { atOnce: true });
    expect((await reasons()).slice(21)).toEqual(Array(18).fill(null));
  });

  it('counts when it is switched off, and nothing is remembered', async () => {
    const store = createStore({ ...rules, stationaryMs: undefined });
    await examine([0, 30, 60, 90].map((second) => ({ second, objects: [carRight] })), { stores: [store] }); // prettier-ignore
    expect(await reasons()).toEqual([null, null, null, null]);
    expect(await db.query((sql) => sql`select * from stationary_objects`)).toEqual([]);
  });

  it('what nobody saw in frames that were examined meanwhile has gone, and its row', async () => {
    await examine([0, 30, 60].map((second) => ({ second, objects: [carRight] }))); // prettier-ignore
    await examine([100, 300, 500, 700, 900].map((second) => ({ second })));
    await examine([{ second: 1_000, objects: [left, carRight] }]);
    expect((await reasons()).slice(-2)).toEqual([null, null]);
    expect(await db.query((sql) => sql`select label, sightings from stationary_objects order by label`)).toEqual([
      { label: 'car', sightings: 1 },
      { label: 'person', sightings: 1 },
    ]);
  });

  it('two processes that store frames of one camera at once remember one car', async () => {
    const shots = Array.from({ length: 40 }, (_, n) => ({ second: n * 10, objects: [carRight] }));
    await examine(shots, { stores: [createStore(), createStore()], atOnce: true });
    expect(await db.query((sql) => sql`select sightings from stationary_objects`)).toEqual([{ sightings: 40 }]);
  });
});
