import { expect, it } from 'vitest';
import { HangError, NightjarError } from '../lib/errors.ts';
import type { Detector, EncodedImage } from './detector.ts';
import { createExaminer } from './examiner.ts';

const image = { bytes: Buffer.from('x'), width: 1, height: 1 };
const read = () => Promise.resolve(image);

function open(prepare: (image: EncodedImage) => Promise<string>, decodeMsMax = 10_000) {
  let isMoreComing = () => false;
  const detector: Detector<string> = {
    ...{ name: 'test', model: 'test', batchMax: 1, runsMax: 1, prepare },
    detect: (batch) => Promise.resolve(batch.map(() => [])),
    health: () => ({ name: 'test', model: 'test', provider: 'cpu', state: 'ready', reason: null, backends: [] }),
    close: () => Promise.resolve(),
  };
  const examiner = createExaminer({
    detector,
    decodeMsMax,
    createBatcher: (_run, isComing) => {
      isMoreComing = isComing;
      return { add: () => Promise.resolve([]) };
    },
  });
  return { examiner, isMoreComing: () => isMoreComing() };
}

it('gives up a decoder that does not come back, and waits for its picture no longer', async () => {
  const { examiner, isMoreComing } = open(() => new Promise(() => undefined), 10);
  const preparing = examiner.prepare(read).catch((thrown: unknown) => thrown);
  expect(isMoreComing()).toBe(true);
  expect(await preparing).toBeInstanceOf(HangError);
  expect(isMoreComing()).toBe(false);
});

it('passes on what was prepared, and what went wrong', async () => {
  expect(await open(() => Promise.resolve('pixels')).examiner.prepare(read)).toBe('pixels');
  const bad = new NightjarError('invalid', 'not a whole picture');
  await expect(open(() => Promise.reject(bad)).examiner.prepare(read)).rejects.toBe(bad);
});
