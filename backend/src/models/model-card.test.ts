import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readModel } from './model-card.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'nightjar-card-'));
});
afterEach(() => rm(dir, { recursive: true }));

const readBundledCard = async (): Promise<Record<string, unknown>> =>
  JSON.parse(
    await readFile(new URL('../../models/centernet-mbv3/model.json', import.meta.url), 'utf8'),
  ) as Record<string, unknown>; // prettier-ignore
const writeCard = (card: unknown): Promise<void> => writeFile(join(dir, 'model.json'), JSON.stringify(card));

test('a folder that is not there', async () => {
  await expect(readModel(join(dir, 'gone'))).rejects.toMatchObject({ kind: 'not_found' });
});

test('a network that was not built yet says what builds it', async () => {
  await writeCard(await readBundledCard());
  const reading = readModel(dir);
  await expect(reading).rejects.toMatchObject({ kind: 'not_found' });
  await expect(reading).rejects.toThrow('./setup.sh');
});

test('a network other than the pinned one', async () => {
  await writeCard(await readBundledCard());
  await writeFile(join(dir, 'model.onnx'), 'other');
  await expect(readModel(dir)).rejects.toMatchObject({ kind: 'invalid' });
});

test('every fault of a card is named', async () => {
  await writeCard({ ...(await readBundledCard()), score_min: 2, labels: [], colour: 'red' });
  await expect(readModel(dir)).rejects.toMatchObject({ kind: 'invalid' });
  await expect(readModel(dir)).rejects.toThrow(/score_min.*labels|labels.*score_min/);
});

test('a card that is not JSON', async () => {
  await writeFile(join(dir, 'model.json'), '{');
  await expect(readModel(dir)).rejects.toMatchObject({ kind: 'invalid' });
});

test('a folder in the place of a file', async () => {
  await mkdir(join(dir, 'model.json'));
  await expect(readModel(dir)).rejects.toMatchObject({ kind: 'unavailable' });
});
