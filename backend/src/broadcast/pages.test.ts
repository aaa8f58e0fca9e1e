import { describe, expect, it } from 'vitest';
import type { Message } from '../model/wire.ts';
import { createPages, PAGE_BYTES_MAX, type Page } from './pages.ts';
import { eventOpened } from './test-messages.ts';

const AT = '2026-03-01T12:00:00.000Z';

/** An outbox from `oldest` to `latest`, that counts how often it is read. */
function createOutbox(latest: number, { oldest = 1, summary = 'a person' } = {}) {
  const state = { latest, oldest, reads: 0, messagesRead: 0, isAway: false };
  const readAfter = async (seq: number, limit: number): Promise<readonly Message[]> => {
    state.reads += 1;
    if (state.isAway) throw new Error('away');
    const first = Math.max(seq + 1, state.oldest);
    const count = Math.max(0, Math.min(limit, state.latest - first + 1));
    state.messagesRead += count;
    return Array.from({ length: count }, (_, at) => ({ seq: first + at, at: AT, ...eventOpened('a', summary) }));
  };
  return { state, readPage: createPages({ readAfter, latestSeq: () => state.latest }) };
}

const span = ({ deliveries }: Page) => [deliveries[0]?.seq, deliveries.at(-1)?.seq, deliveries.length];

describe('pages', () => {
  it('of messages that are all there are read once, wherever in them clients stand', async () => {
    const { state, readPage } = createOutbox(1_000);
    const pages = await Promise.all([0, 1, 57, 199].map((seq) => readPage(seq)));
    expect(pages.map(span)).toEqual([
      [1, 200, 200],
      [2, 200, 199],
      [58, 200, 143],
      [200, 200, 1],
    ]);
    expect(span(await readPage(57))).toEqual([58, 200, 143]);
    expect(state.reads).toBe(1);
    expect(pages[3]?.deliveries[0]?.frame).toBe(pages[0]?.deliveries[199]?.frame);
  });

  it('that still grow are read anew, after the very number', async () => {
    const { state, readPage } = createOutbox(399);
    expect(span(await readPage(250))).toEqual([251, 399, 149]);
    state.latest = 400;
    expect(span(await readPage(399))).toEqual([400, 400, 1]);
    expect(state.reads).toBe(2);
  });

  it('whose beginning is forgotten begin with what is kept', async () => {
    const { readPage } = createOutbox(1_000, { oldest: 450 });
    expect(span(await readPage(10))).toEqual([450, 649, 200]);
    expect(span(await readPage(410))).toEqual([450, 649, 200]);
  });

  it('are none where nothing is kept', async () => {
    const { readPage } = createOutbox(1_000, { oldest: 1_001 });
    expect(await readPage(10)).toEqual({ deliveries: [], upTo: 1_000 });
  });

  it('that are not full are read anew: more comes after them', async () => {
    const { state, readPage } = createOutbox(1_000, { oldest: 1_001 });
    expect((await readPage(300)).deliveries).toEqual([]);
    state.latest = 1_050;
    expect(span(await readPage(300))).toEqual([1_001, 1_050, 50]);
    state.latest = 1_100;
    expect(span(await readPage(300))).toEqual([1_001, 1_100, 100]);
  });

  it.each([10, 990])('tell up to where they looked, which is not where it goes on by then: after %d', async (after) => {
    const { state, readPage } = createOutbox(1_000, { oldest: 1_001 });
    const first = readPage(after);
    while (state.reads === 0) await Promise.resolve();
    state.latest = 1_050;
    const second = readPage(after);
    expect((await Promise.all([first, second])).map(({ upTo }) => upTo)).toEqual([1_000, 1_000]);
    expect(state.reads).toBe(1);
  });

  it('that could not be read are asked for again', async () => {
    const { state, readPage } = createOutbox(1_000);
    state.isAway = true;
    await expect(Promise.all([readPage(0), readPage(5)])).rejects.toThrow('away');
    state.isAway = false;
    expect(span(await readPage(0))).toEqual([1, 200, 200]);
  });

  it('are not remembered when they are many, or large', async () => {
    const many = createOutbox(10_000);
    for (const start of [0, 200, 400, 600, 800, 1_000, 1_200, 1_400, 1_600, 0]) await many.readPage(start);
    expect(many.state.reads).toBe(10);
    const large = createOutbox(200, { summary: 'x'.repeat(20_000) });
    await large.readPage(0);
    await large.readPage(0);
    expect(large.state.reads).toBe(2);
  });

  it('of large messages are short, and little is read in vain; each message comes once', async () => {
    const { state, readPage } = createOutbox(1_000, { summary: 'x'.repeat(50_000) });
    const seen: number[] = [];
    while ((seen.at(-1) ?? 0) < 1_000) {
      const { deliveries } = await readPage(seen.at(-1) ?? 0);
      expect(deliveries.reduce((bytes, { frame }) => bytes + frame.length, 0)).toBeLessThan(PAGE_BYTES_MAX);
      seen.push(...deliveries.map(({ seq }) => seq));
    }
    expect(seen).toEqual(Array.from({ length: 1_000 }, (_, at) => at + 1));
    expect(state.messagesRead).toBeLessThan(2_500);
  });

  it('of one message each, where a message is larger than a page may be', async () => {
    const { readPage } = createOutbox(3, { summary: 'x'.repeat(PAGE_BYTES_MAX) });
    for (const seq of [0, 1, 2]) expect(span(await readPage(seq))).toEqual([seq + 1, seq + 1, 1]);
  });
});
