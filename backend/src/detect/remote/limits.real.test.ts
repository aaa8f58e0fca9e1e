import { describe, expect, it } from 'vitest';
import { eventually } from '../../../tests/harness/eventually.ts';
import { expectedOf } from '../../../tests/standins/scene.ts';
import type { NightjarError } from '../../lib/errors.ts';
import { rtdetr, open, look, openForEachTest } from './test-remote.ts';

openForEachTest();

describe('limits', () => {
  it('two requests at once at each server, the others wait in line', async () => {
    rtdetr.failure = 'slow';
    rtdetr.slowMs = 10;
    const detector = await open({ urls: [rtdetr.url], timeoutMs: 20_000 });
    const numbers = Array.from({ length: 30 }, (_, number) => number);
    expect(await Promise.all(numbers.map((number) => look(detector, [number])))).toEqual(
      numbers.map((number) => [expectedOf(number)]),
    );
    // A look at its health may come between.
    expect(rtdetr.counters.inFlightMax).toBeLessThanOrEqual(3);
    expect(detector.runsMax).toBe(2);
  });

  it('a line that is too long is overloaded', async () => {
    const detector = await open({ urls: [rtdetr.url], timeoutMs: 300 });
    rtdetr.failure = 'hang';
    const all = await Promise.allSettled(Array.from({ length: 40 }, () => look(detector, [5])));
    const kinds = all.map((one) => (one.status === 'rejected' ? (one.reason as NightjarError).kind : 'found'));
    expect(kinds).toContain('overloaded');
    expect(kinds).not.toContain('found');
  });

  it('waits as long as the server asks for, and no frame is lost by it', async () => {
    const detector = await open({ urls: [rtdetr.url] });
    rtdetr.failure = 'busy';
    const found = look(detector, [5]);
    await eventually(() => detector.health().state === 'unavailable');
    const asked = rtdetr.counters.pictures.get(5);
    rtdetr.failure = 'none';
    expect(await found).toEqual([expectedOf(5)]);
    expect([asked, rtdetr.counters.pictures.get(5)]).toEqual([1, 2]);
  });

  it('closing ends what is under way, and leaves no connection', async () => {
    rtdetr.failure = 'hang';
    const detector = await open({ urls: [rtdetr.url], timeoutMs: 60_000 });
    const calls = Promise.allSettled([1, 2, 3, 5].map((number) => look(detector, [number])));
    await eventually(() => rtdetr.counters.batches.length === 2);
    await detector.close();
    const ended = (await calls).map((call) => (call.status === 'rejected' ? (call.reason as NightjarError).kind : ''));
    expect(ended).toEqual(['unavailable', 'unavailable', 'unavailable', 'unavailable']);
    await expect(look(detector, [5])).rejects.toMatchObject({ kind: 'unavailable' });
    await eventually(() => rtdetr.connections() === 0, { withinMs: 15_000 });
  });

  it('shows no password', async () => {
    const url = rtdetr.url.replace('http://', 'http://user:pass%20word@');
    const detector = await open({ urls: [`${url}/?token=hidden`] });
    expect(JSON.stringify(detector.health())).not.toMatch(/pass|user|hidden/);
  });
});
