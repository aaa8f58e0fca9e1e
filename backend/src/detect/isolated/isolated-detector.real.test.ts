/** What a picture can do to the process that examines it, with real processes. */
import { afterEach, describe, expect, it } from 'vitest';
import { createCleanups } from '../../../tests/harness/cleanups.ts';
import { eventually } from '../../../tests/harness/eventually.ts';
import { isAlive } from '../../../tests/harness/nightjar.ts';
import { NightjarError } from '../../lib/errors.ts';
import { silentLog as log } from '../../lib/log.ts';
import { besideModule } from '../../lib/start-worker.ts';
import { createIsolatedDetector, type IsolatedDetector, type IsolatedDetectorOptions } from './isolated-detector.ts';

const program = besideModule(import.meta.url, './test-child');
const toImage = (order: string) => ({ bytes: Buffer.from(order), width: 10, height: 10 });

const cleanups = createCleanups();
afterEach(cleanups.run);

function open(options: Partial<IsolatedDetectorOptions> = {}): IsolatedDetector {
  const detector = createIsolatedDetector({ program, settings: 'good', pictureMsMax: 60_000, log, ...options });
  cleanups.add(() => detector.close());
  return detector;
}

/** Has a good picture examined; resolves to the process that did. */
async function examineGood(detector: IsolatedDetector): Promise<number> {
  const [found = []] = await detector.detect([toImage('good')]);
  if (found instanceof NightjarError) throw found;
  return Number(found[0]?.label);
}

describe('the isolated detector', () => {
  it('examines one picture after another in one process, which is not ours', async () => {
    const detector = open();
    const pid = await examineGood(detector);
    expect(pid).not.toBe(process.pid);
    expect(await examineGood(detector)).toBe(pid);
    expect(detector.model).toBe('test-model');
    await detector.close();
    expect(isAlive(pid)).toBe(false);
    await expect(examineGood(detector)).rejects.toMatchObject({ kind: 'unavailable' });
  });

  it.each([
    ['abort', /ended with SIGABRT/],
    ['kill SIGSEGV', /ended with SIGSEGV/],
    ['kill SIGKILL', /ended with SIGKILL/],
    ['exit 134', /ended with code 134/],
    ['nonsense', /nonsense/],
    ['fail', /the server is away/],
  ])('a picture that makes it %s fails as unavailable, and the next one gets a new process', async (order, message) => {
    const detector = open();
    const pid = await examineGood(detector);
    const fault = { kind: 'unavailable', message: expect.stringMatching(message) as string };
    await expect(detector.detect([toImage(order)])).rejects.toMatchObject(fault);
    expect(isAlive(pid)).toBe(false);
    expect(await examineGood(detector)).not.toBe(pid);
  });

  it('kills a process that does not come back', async () => {
    const detector = open({ pictureMsMax: 500 });
    await detector.open();
    await expect(detector.detect([toImage('hang')])).rejects.toMatchObject({ kind: 'unavailable' });
    expect(await examineGood(detector)).toBeGreaterThan(0);
  });

  it('keeps the process when only the picture is bad', async () => {
    const detector = open();
    const pid = await examineGood(detector);
    expect(await detector.detect([toImage('bad')])).toMatchObject([{ kind: 'invalid' }]);
    expect(await examineGood(detector)).toBe(pid);
  });

  it.each([
    ['refuse', /did not start: there is no such model/],
    ['end', /did not start: .* ended with code 3/],
  ])('says why it cannot start, and tries again (%s)', async (settings, message) => {
    const detector = open({ settings });
    const fault = { kind: 'unavailable', message: expect.stringMatching(message) as string };
    await expect(detector.open()).rejects.toMatchObject(fault);
    await expect(detector.open()).rejects.toMatchObject(fault);
  });

  it('ends a process that has nothing to do, and starts one again', async () => {
    const detector = open({ idleMsMax: 50 });
    const pid = await examineGood(detector);
    await eventually(() => !isAlive(pid), { what: 'the end of the idle process' });
    expect(await examineGood(detector)).not.toBe(pid);
  });

  it('closes at once, with a picture in hand or a start under way', async () => {
    const working = open();
    await working.open();
    const examining = working.detect([toImage('hang')]).catch((thrown: unknown) => thrown);
    const starting = open({ settings: 'hang' });
    const started = starting.open().catch((thrown: unknown) => thrown);
    await Promise.all([working.close(), starting.close()]);
    expect([await examining, await started]).toMatchObject([{ kind: 'unavailable' }, { kind: 'unavailable' }]);
  });
});
