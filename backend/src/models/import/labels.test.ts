import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readLabels } from './labels.ts';

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'nightjar-labels-'));
});
afterAll(() => rm(dir, { recursive: true }));

test('the lists of COCO, by the numbers that everybody knows', async () => {
  const [coco80, coco91] = [await readLabels('coco80'), await readLabels('coco91')];
  expect(coco80).toHaveLength(80);
  expect([coco80[0], coco80[2], coco80[15], coco80[79]]).toEqual(['person', 'car', 'cat', 'toothbrush']);
  expect(coco91).toHaveLength(91);
  // As in instances_val2017.json.
  expect([coco91[1], coco91[13], coco91[44], coco91[62], coco91[90]]).toEqual(['person', 'stop sign', 'bottle', 'chair', 'toothbrush']); // prettier-ignore
});

test('a list, and a single word', async () => {
  expect(await readLabels('cat, dog ,bird')).toEqual(['cat', 'dog', 'bird']);
  expect(await readLabels('person')).toEqual(['person']);
});

test('a file with a label a line, whatever ends its lines', async () => {
  const path = join(dir, 'labels.txt');
  await writeFile(path, 'cat\r\ndog\r\n\r\n');
  expect(await readLabels(path)).toEqual(['cat', 'dog']);
});

test.each([
  ['a label that comes twice', 'cat,dog,cat', '"cat" comes twice'],
  ['an empty one between', 'cat,,dog', 'label 2 of 3 is empty'],
  ['nothing', ',', '0 labels'],
  ['a file that is not there', './nowhere.txt', 'cannot be read'],
])('%s is refused', async (_name, text, message) => {
  await expect(readLabels(text)).rejects.toMatchObject({ kind: 'invalid', message: expect.stringContaining(message) as string }); // prettier-ignore
});
