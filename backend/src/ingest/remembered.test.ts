import { expect, it } from 'vitest';
import { createRemembered } from './remembered.ts';
import { createJumpClock } from './test-inbox.ts';

const MINUTE_MS = 60_000;
const { clock, putForward } = createJumpClock();

it('trusts the ledger for ten minutes', () => {
  const remembered = createRemembered(clock);
  remembered.add('a.jpg', 'print', clock.nowMs());
  expect(remembered.isKnown('a.jpg', 'print')).toBe(true);
  expect(remembered.isKnown('a.jpg', 'another')).toBe(false);
  putForward(9 * MINUTE_MS);
  expect(remembered.isKnown('a.jpg', 'print')).toBe(true);
  putForward(MINUTE_MS);
  expect(remembered.isKnown('a.jpg', 'print')).toBe(false);
  expect(remembered.wasKnown('a.jpg', 'print')).toBe(true);
});

it('trusts no answer that is older than a doubt', () => {
  const remembered = createRemembered(clock);
  const askedMs = clock.nowMs();
  remembered.add('a.jpg', 'print', askedMs);
  remembered.doubt();
  remembered.add('b.jpg', 'print', askedMs);
  for (const path of ['a.jpg', 'b.jpg']) expect(remembered.isKnown(path, 'print')).toBe(false);
  putForward(1);
  remembered.add('a.jpg', 'print', clock.nowMs());
  expect(remembered.isKnown('a.jpg', 'print')).toBe(true);
});

it('holds 20,000 files', () => {
  const remembered = createRemembered(clock);
  for (let count = 0; count <= 20_000; count += 1) remembered.add(`${count}.jpg`, 'print', clock.nowMs());
  expect(['0.jpg', '1.jpg', '20000.jpg'].map((path) => remembered.wasKnown(path, 'print'))).toEqual([
    false,
    true,
    true,
  ]);
});
