/** More folders than there may be cameras. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { NightjarError } from '../lib/errors.ts';
import { createTestInbox, createWarnings, eventually, makeJpeg, type TestInbox } from './test-inbox.ts';

const STRANGERS = 150;
const FILES_EACH = 20;
const RESCAN_MS = 60_000;

let test: TestInbox;
const allowed = new Set<string>();
let asked: string[] = [];

beforeEach(async () => {
  test = await createTestInbox();
  allowed.clear();
  asked = [];
});
afterEach(() => test.close());

async function resolveCamera(folder: string): Promise<{ id: string }> {
  asked.push(folder);
  if (!allowed.has(folder)) throw new NightjarError('forbidden', 'there are 2 cameras, and CAMERAS_MAX is 2');
  return { id: folder };
}

const sources = (camera: string): string[] =>
  test.arrivals.filter(({ cameraId }) => cameraId === camera).map(({ sourceName }) => sourceName);

it('keeps the files of refused folders in the inbox, and the work list for the others', async () => {
  allowed.add('front').add('garage');
  const jpeg = await makeJpeg(0);
  // Some end at once, some are to be waited for.
  for (let folder = 0; folder < STRANGERS; folder += 1)
    for (let file = 0; file < FILES_EACH; file += 1)
      await test.write(`stranger${folder}/2024/${file}.jpg`, folder % 2 === 0 ? jpeg : 'no picture');
  for (const number of [1, 2, 3]) await test.write(`front/${number}.jpg`, await makeJpeg(number));
  const { log, warnings } = createWarnings();
  const ingest = await test.start({ resolveCamera, log });
  await eventually(() => expect(sources('front')).toHaveLength(3));
  await eventually(() => {
    test.putForward(1_000);
    expect(ingest.stats()).toMatchObject({ refusedFolders: STRANGERS, waiting: 0, examining: 0, scanning: false });
  });

  expect(warnings).toHaveLength(21);
  expect(warnings[0]).toMatch(
    /^the files of the folder "stranger\d+" wait: there are 2 cameras, .* CAMERAS_MAX is 2\. /,
  );
  expect(warnings[0]).toContain('POST /api/cameras');

  // Refused lately: nobody is asked, nothing is put on the list, whatever comes. The others go on.
  asked = [];
  await test.drop('stranger7/new.jpg', await makeJpeg(7));
  await test.drop('garage/a.jpg', await makeJpeg(8));
  await eventually(() => expect(sources('garage')).toEqual(['a.jpg']));
  expect(asked.filter((folder) => folder !== 'garage')).toEqual([]);
  expect(await test.files()).toHaveLength(STRANGERS * FILES_EACH + 1);

  // A later scan asks once for each, and the one that was allowed meanwhile is taken up, old files and new ones.
  allowed.add('stranger7');
  test.putForward(RESCAN_MS);
  await eventually(async () => expect(await readdir(join(test.inbox, 'stranger7'))).toEqual(['2024']));
  await eventually(() => expect(ingest.stats()).toMatchObject({ refusedFolders: STRANGERS - 1, scanning: false }));
  await eventually(() => {
    test.putForward(1_000);
    expect(sources('stranger7')).toContain('new.jpg');
    expect(ingest.stats()).toMatchObject({ waiting: 0 });
  });
  expect(warnings).toHaveLength(21);
});
