import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { parseExifTime, parseNameTime, toCaptureTime, toClipCaptureTime } from './capture-time.ts';
import { makeImage } from './test-inbox.ts';

const context = { timeZone: 'Europe/Berlin', nowMs: Date.UTC(2025, 5, 1) };
const iso = (ms: number | undefined): string | undefined => (ms === undefined ? undefined : new Date(ms).toISOString());
const byName = (name: string): string | undefined => iso(parseNameTime(name, context));

/** Berlin in January is an hour ahead of UTC. */
const AT = '2024-01-31T11:34:56.000Z';
const AT_789 = '2024-01-31T11:34:56.789Z';

describe('the time in a file name', () => {
  it.each([
    ['Hikvision', '192.168.1.64_01_20240131123456789_MOTION_DETECTION.jpg', AT_789],
    ['Hikvision with a serial number', 'gg_733804851_20240131123456789_TIMING.jpg', AT_789],
    ['Reolink', '2024/01/31/Front_00_20240131123456.jpg', AT],
    ['Reolink clip', 'Mp4Record/2024-01-31/RecM01_20240131_123456_123510_6D28808_1A468F9.mp4', AT],
    ['Dahua, minute in the name', '2024-01-31/001/jpg/12/34.56[M][0@0][0].jpg', AT],
    ['Amcrest, second in the name', 'AMC002A3_K2G7HH/2024-01-31/001/jpg/12/34/56[M][0@0][0].jpg', AT],
    ['Dahua card', '2024-01-31/pic_001/12.34.56[R][0@0][0].jpg', AT],
    ['Foscam', 'FI9800P_00626E45E060/snap/MDAlarm_20240131-123456.jpg', AT],
    ['Foscam, older', '00626E4ABCDE(porch)_0_20240131123456_12345.jpg', AT],
    ['Axis', 'image24-01-31_12-34-56-78.jpg', '2024-01-31T11:34:56.780Z'],
    ['Axis recording', '20240131/12/20240131_123456_ABCD_ACCC8E012345.jpg', AT],
    ['UniFi Protect', 'G4 Doorbell 1-31-2024, 12.34.56 GMT+1.jpg', AT],
    ['UniFi, milliseconds', 'FCECDAD8A1B2_0_1706700896789_1706700906000.jpg', AT_789],
    ['ACTi', 'Entrance-2024-01-31@123456.jpg', AT],
    ['D-Link', 'DCS-932L2024013112345601.jpg', AT],
    ['GeoVision', 'MOTION_2024-01-31-12-34-56-789_001.jpg', AT_789],
    ['Blue Iris', 'FrontDoor.20240131_123456789.jpg', AT_789],
    ['Synology', 'Front-20240131-123456-1706700896.jpg', AT],
    ['motion', '01-20240131123456-00.jpg', AT],
    ['motionEye', '2024-01-31/12-34-56.jpg', AT],
    ['Vivotek', 'snapshot_20240131123456_4_trg.jpg', AT],
    ['Yi', 'record/2024Y01M31D12H/34M56S.jpg', AT],
    ['Frigate', 'front_door-1706700896.789012-abc123.jpg', AT_789],
    ['seconds since 1970', '1706700896.jpg', AT],
    ['dashes and underscore', '2024-01-31_12-34-56.jpg', AT],
    ['spaces and dots', 'cam 2024.01.31 12.34.56.jpg', AT],
    ['all underscores', 'cam_2024_01_31_12_34_56.jpg', AT],
    ['microseconds', '2024-01-31_12-34-56.789012.png', AT_789],
    ['date folders, bare time', '2024/01/31/123456.jpg', AT],
    ['date folder, bare time with milliseconds', '20240131/123456789.jpg', AT_789],
    ['ISO 8601, UTC', '2024-01-31T11:34:56.789Z.jpg', AT_789],
    ['ISO 8601, offset', '20240131T063456-0500.jpg', AT],
    ['a number that is no time before one that is', '99999999999999_20240131123456.jpg', AT],
  ])('%s: %s', (_camera, name, expected) => expect(byName(name)).toBe(expected));

  it.each([
    'image.jpg',
    'IMG_0001.jpg',
    'IMG-20240131-WA0001.jpg',
    '20240131.jpg',
    '2024-01-31/00001-capture.jpg',
    '2024/01/31/img_000123.jpg',
    '20241331123456.jpg',
    '20240230_120000.jpg',
    '20240131_246061.jpg',
    '2024-01-31_12-34-60.jpg',
    '19700101_000012.jpg',
    '19890101_000012.jpg',
    '20991231_235959.jpg',
    '20250603_000000.jpg',
    '1234567890.jpg',
    '99991706700896.jpg',
    '1706700896123456789.jpg',
    '202401311234567.jpg',
    '00626E4ABCDE.jpg',
    '192.168.1.64_01.jpg',
    '3f2b8c1e-7f1a-4d51-9c3e-2b1706700896.jpg',
    '31-01-2024_12-34.jpg',
  ])('says nothing in %s', (name) => expect(byName(name)).toBeUndefined());

  it('takes a counter behind a time for no offset', () => expect(byName('20240131_123456-0500.jpg')).toBe(AT));

  it('moves a time that the change to summer time skips an hour later, and takes the first of two', () => {
    expect(byName('20240331_023000.jpg')).toBe('2024-03-31T01:30:00.000Z');
    expect(byName('20241027_023000.jpg')).toBe('2024-10-27T00:30:00.000Z');
  });
});

const withExif = async (tags: Record<string, string>): Promise<Buffer> => {
  const jpeg = await makeImage(1).withExif({ IFD2: tags }).jpeg().toBuffer();
  const { exif } = await sharp(jpeg).metadata();
  if (!exif) throw new Error('sharp wrote no EXIF');
  return exif;
};

describe('the time in EXIF', () => {
  it('is local time', async () => {
    const exif = await withExif({ DateTimeOriginal: '2024:01:31 12:34:56' });
    expect(iso(parseExifTime(exif, context))).toBe(AT);
  });

  it('respects the offset and the fraction of the second', async () => {
    const exif = await withExif({
      DateTimeOriginal: '2024:01:31 06:34:56',
      OffsetTimeOriginal: '-05:00',
      SubSecTimeOriginal: '7891',
    });
    expect(iso(parseExifTime(exif, context))).toBe(AT_789);
  });

  it('is not believed if the clock was never set', async () => {
    expect(parseExifTime(await withExif({ DateTimeOriginal: '0000:00:00 00:00:00' }), context)).toBeUndefined();
  });

  it('survives a block that is cut or garbled anywhere', async () => {
    const exif = await withExif({ DateTimeOriginal: '2024:01:31 12:34:56' });
    for (let at = 0; at < exif.length; at++) {
      parseExifTime(exif.subarray(0, at), context);
      const garbled = Buffer.from(exif);
      garbled[at] = 0xff;
      parseExifTime(garbled, context);
    }
  });
});

describe('the capture time', () => {
  const mtimeMs = Date.UTC(2024, 1, 1);
  it('comes from the name, else from EXIF, else from the file', async () => {
    const exif = await withExif({ DateTimeOriginal: '2023:07:01 12:00:00' });
    const at = (sourceName: string, block?: Buffer) =>
      toCaptureTime({ sourceName, exif: block, mtimeMs }, context).toISOString();
    expect(at('20240131_123456.jpg', exif)).toBe(AT);
    expect(at('image.jpg', exif)).toBe('2023-07-01T10:00:00.000Z');
    expect(at('image.jpg')).toBe('2024-02-01T00:00:00.000Z');
  });

  it.each([-99_999_999_999_000, 99_999_999_999_999_000, Number.NaN])(
    'is that of now where the file has a time that nobody can hold: %d',
    (beyond) => {
      const file = { sourceName: 'a.jpg', exif: undefined, mtimeMs: beyond };
      expect(toCaptureTime(file, context)).toEqual(new Date(context.nowMs));
      expect(toClipCaptureTime(file, context)).toMatchObject({ capturedAt: new Date(context.nowMs) });
    },
  );
});
