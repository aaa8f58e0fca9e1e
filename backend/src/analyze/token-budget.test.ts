import { expect, it } from 'vitest';
import { createTokenBudget } from './token-budget.ts';

function open(perHourMax: number | undefined) {
  let nowMs = 0;
  const clock = { nowMs: () => nowMs, sleep: async () => undefined };
  return {
    budget: createTokenBudget({ perHourMax, clock }),
    pass: (minutes: number) => void (nowMs += minutes * 60_000),
  };
}

it('gives out no more than there is, counts what it really cost, and forgets after an hour', () => {
  const { budget, pass } = open(1_000);
  const first = budget.reserve(600);
  expect(budget.reserve(600)).toBeUndefined();
  first?.settle(300);
  pass(30);
  expect(budget.reserve(600)).toBeDefined();
  expect(budget.reserve(200)).toBeUndefined();
  expect(budget.freeAtMs(200)).toBe(60 * 60_000);
  pass(30);
  expect(budget.freeAtMs(200)).toBe(60 * 60_000);
  expect(budget.reserve(400)).toBeDefined();
});

it('may cost more than was reserved, and pays for it', () => {
  const { budget } = open(1_000);
  budget.reserve(100)?.settle(1_500);
  expect(budget.reserve(1)).toBeUndefined();
});

it('says that more than the whole can never be had', () => {
  const { budget } = open(1_000);
  expect(budget.freeAtMs(1_001)).toBe(Infinity);
  expect(budget.reserve(1_001)).toBeUndefined();
});

it('without a limit gives all', () => {
  const { budget } = open(undefined);
  expect(budget.reserve(1e9)).toBeDefined();
  expect(budget.freeAtMs(1e9)).toBe(0);
});
