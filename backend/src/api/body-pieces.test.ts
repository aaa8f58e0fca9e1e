import { expect, test } from 'vitest';
import { toBody } from './body-pieces.ts';

const bytes = new Uint8Array([1]);

test('pieces are made when they are taken', async () => {
  let made = 0;
  async function* make() {
    for (; made < 3; made += 1) yield bytes;
  }
  const reader = toBody(make, () => undefined).getReader();
  await reader.read();
  expect(made).toBe(0);
  await reader.read();
  await reader.read();
  expect(await reader.read()).toMatchObject({ done: true });
});

test('whoever goes while a piece is made is no failure', async () => {
  const faults: unknown[] = [];
  let goOn = (): void => undefined;
  const asked = new Promise<void>((resolve) => void (goOn = resolve));
  async function* make() {
    yield bytes;
    await asked;
    yield bytes;
  }
  const reader = toBody(make, (cause) => void faults.push(cause)).getReader();
  await reader.read();
  const second = reader.read();
  const gone = reader.cancel();
  goOn();
  await Promise.all([second, gone]);
  await new Promise(setImmediate);
  expect(faults).toEqual([]);
});

test('nothing more is looked for once nobody wants it', async () => {
  let looks = 0;
  async function* make(isWanted: () => boolean): AsyncGenerator<Uint8Array> {
    for (; isWanted(); looks += 1) await new Promise(setImmediate);
    yield* [];
  }
  const reader = toBody(make, () => undefined).getReader();
  const first = reader.read();
  await reader.cancel();
  await first;
  const then = looks;
  await new Promise(setImmediate);
  expect(looks).toBe(then);
});

test('what fails is told, and breaks the body', async () => {
  const faults: unknown[] = [];
  async function* make(): AsyncGenerator<Uint8Array> {
    yield bytes;
    throw new Error('the database is away');
  }
  const reader = toBody(make, (cause) => void faults.push(cause)).getReader();
  await reader.read();
  await expect(reader.read()).rejects.toThrow('away');
  expect(faults).toHaveLength(1);
});
