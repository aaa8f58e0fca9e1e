import { expect, it } from 'vitest';
import { createPatience } from './patience.ts';

function open() {
  let nowMs = 0;
  let duels = 0;
  const patience = createPatience({ clock: { nowMs: () => nowMs }, onDuel: () => (duels += 1), random: () => 1 });
  const pass = (ms: number): void => void (nowMs += ms);
  const lose = (heldMs?: number): number => {
    if (heldMs !== undefined) patience.met();
    pass(heldMs ?? 0);
    patience.lost();
    return patience.leftMs();
  };
  return { lose, pass, patience, duels: () => duels };
}

it('waits longer and longer for a broker, and begins anew when a connection has held', () => {
  const { lose, pass, patience } = open();
  expect(patience.leftMs()).toBe(0);
  expect([lose(), lose(), lose(), lose(), lose(), lose(), lose()]).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]); // prettier-ignore
  pass(30_000);
  expect(patience.leftMs()).toBe(0);
  expect(lose(100)).toBe(30_000);
  expect(lose(60_000)).toBe(1_000);
});

it('tells once of a broker that ends each connection soon after it was made', () => {
  const { lose, duels } = open();
  for (let count = 0; count < 4; count += 1) lose(100);
  expect(duels()).toBe(0);
  for (let count = 0; count < 10; count += 1) lose(100);
  expect(duels()).toBe(1);
});

it('takes a broker that is away for no duel', () => {
  const { lose, duels } = open();
  for (let count = 0; count < 10; count += 1) lose();
  for (let count = 0; count < 10; count += 1) lose(60_000);
  expect(duels()).toBe(0);
});
