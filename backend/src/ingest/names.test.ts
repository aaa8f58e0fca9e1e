import { describe, expect, it } from 'vitest';
import { isClipName, isIgnored, toPlace } from './names.ts';

describe('a path in the inbox', () => {
  it.each([
    ['Front Door/2024/a.jpg', 'Front Door', '2024/a.jpg', false],
    ['a.jpg', '.', 'a.jpg', false],
    ['cam/2024/.nightjar/1f0e/a.jpg', 'cam', '2024/a.jpg', true],
    ['.nightjar/1f0e/a.jpg', '.', 'a.jpg', true],
  ])('%s is of camera %s, named %s', (path, cameraFolder, sourceName, isAside) => {
    expect(toPlace(path)).toEqual({ path, ledgerPath: path, cameraFolder, sourceName, isAside });
  });

  it('has text for the ledger; only what is shown has its control characters escaped', () => {
    expect(toPlace('caf\udce9\n/a\u001b\udcff.jpg')).toEqual({
      path: 'caf\udce9\n/a\u001b\udcff.jpg',
      ledgerPath: 'caf\\xe9\n/a\u001b\\xff.jpg',
      cameraFolder: 'caf\\xe9\n',
      sourceName: 'a\\x1b\\xff.jpg',
      isAside: false,
    });
  });

  it('of any length is known to the ledger by a text that fits an index, and by no other', () => {
    const deep = `cam/${'\udcff'.repeat(255)}/${'大'.repeat(85)}/`.repeat(6);
    const keys = [`${deep}a.jpg`, `${deep}b.jpg`, deep.slice(0, 490)].map((path) => toPlace(path).ledgerPath);
    expect(new Set(keys).size).toBe(3);
    expect(Math.max(...keys.map((key) => Buffer.byteLength(key)))).toBeLessThan(2_700);
    expect(toPlace(`${deep}a.jpg`).ledgerPath).toBe(keys[0]);
    expect(toPlace(keys[0] ?? '').ledgerPath).not.toBe(keys[0]);
  });

  it.each(['cam/.a.jpg', 'cam/a.jpg.part', 'a.TMP', 'a.jpg.filepart', 'a.jpg.crdownload', 'a.jpg~', '.cam/a.jpg'])(
    'ignores %s',
    (path) => expect(isIgnored(path)).toBe(true),
  );
  it.each(['cam/@eaDir/a.jpg', 'cam/.nightjar/a.jpg', 'cam/.nightjar/1f0e/a.part'])('ignores %s', (path) =>
    expect(isIgnored(path)).toBe(true),
  );
  it.each(['cam/a.jpg', 'cam/part', 'cam/.nightjar/1f0e/a.jpg'])('does not ignore %s', (path) =>
    expect(isIgnored(path)).toBe(false),
  );

  it('knows a clip by its name', () => {
    expect(['a.mp4', 'a.MKV', 'a.h264', 'a.dav'].every(isClipName)).toBe(true);
    expect(['a.jpg', 'mp4', 'a.mp4.jpg'].some(isClipName)).toBe(false);
  });
});
