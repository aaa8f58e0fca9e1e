import { link, mkdir, mkdtemp, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lookAt, readWhole, type Sighting } from './inbox-file.ts';
import { toPlace } from './names.ts';
import { removeRecorded } from './remove.ts';

let inbox: string;
beforeEach(async () => {
  inbox = await mkdtemp(join(tmpdir(), 'nightjar-remove-'));
  await mkdir(join(inbox, 'cam'));
  await writeFile(join(inbox, 'cam/a.jpg'), 'first');
});
afterEach(() => rm(inbox, { recursive: true, force: true }));

async function sight(path: string): Promise<Sighting> {
  const sighting = await lookAt(join(inbox, path));
  if (!sighting) throw new Error(`nothing at ${path}`);
  return sighting;
}

const remove = (path: string, sighting: Sighting, inRemoval = new Set<string>()) =>
  removeRecorded(inbox, toPlace(path), sighting, inRemoval);

describe('removing a recorded file', () => {
  it('leaves nothing behind', async () => {
    expect(await remove('cam/a.jpg', await sight('cam/a.jpg'))).toBe('removed');
    expect(await readdir(join(inbox, 'cam'))).toEqual([]);
  });

  it('is fine with a file that is gone', async () => {
    const sighting = await sight('cam/a.jpg');
    await rm(join(inbox, 'cam/a.jpg'));
    expect(await remove('cam/a.jpg', sighting)).toBe('removed');
  });

  it('does not touch a newer file', async () => {
    const sighting = await sight('cam/a.jpg');
    await writeFile(join(inbox, 'b'), 'second');
    await rename(join(inbox, 'b'), join(inbox, 'cam/a.jpg'));
    expect(await remove('cam/a.jpg', sighting)).toBe('newer');
    expect(await readFile(join(inbox, 'cam/a.jpg'), 'utf8')).toBe('second');
  });

  it('hands on a newer file that came in the last moment, where it was put aside', async () => {
    const sighting = await sight('cam/a.jpg');
    // The moment between the look and the rename: the name already holds the newer file when it is moved.
    const inRemoval = new (class extends Set<string> {
      override add(aside: string): this {
        asides.push(aside);
        return super.add(aside);
      }
    })();
    const asides: string[] = [];
    await remove('cam/a.jpg', sighting, inRemoval);
    const [aside = ''] = asides;
    await mkdir(join(inbox, aside, '..'), { recursive: true });
    await writeFile(join(inbox, aside), 'second');
    expect(await remove(aside, sighting)).toEqual({ newerAt: aside });
    expect(await readFile(join(inbox, aside), 'utf8')).toBe('second');
    expect(toPlace(aside)).toMatchObject({ sourceName: 'a.jpg', isAside: true });
    expect(inRemoval.size).toBe(0);
  });

  it('of many files at once in one folder removes each', async () => {
    const paths = Array.from({ length: 200 }, (_, number) => `cam/${number}.jpg`);
    await Promise.all(paths.map((path) => writeFile(join(inbox, path), path)));
    const sightings = await Promise.all(paths.map(sight));
    const removals = await Promise.all(paths.map((path, i) => remove(path, sightings[i] as Sighting)));
    expect(new Set(removals)).toEqual(new Set(['removed']));
    expect(await readdir(join(inbox, 'cam'))).toEqual(['a.jpg']);
  });
});

describe('reading a sighted file', () => {
  it('gives nothing if it is another file by now, or one that was written to', async () => {
    const sighting = await sight('cam/a.jpg');
    expect(String(await readWhole(join(inbox, 'cam/a.jpg'), sighting))).toBe('first');
    await writeFile(join(inbox, 'cam/a.jpg'), 'other');
    await link(join(inbox, 'cam/a.jpg'), join(inbox, 'cam/b.jpg'));
    expect(await readWhole(join(inbox, 'cam/a.jpg'), sighting)).toBeUndefined();
    await rm(join(inbox, 'cam/a.jpg'));
    expect(await readWhole(join(inbox, 'cam/a.jpg'), sighting)).toBeUndefined();
  });
});
