/**
 * Times in file names, as cameras write them. Only finds digits in the right places; whether they are a time that can be
 * believed is for capture-time.ts. A date without a time of day is no capture time: a day's frames would all share it.
 */
export type NameTime =
  | { readonly kind: 'instant'; readonly ms: number }
  | {
      readonly kind: 'local';
      /** Year, month, day, hour, minute, second. */
      readonly fields: readonly number[];
      readonly millisecond: number;
      /** `+01:00`; undefined for the camera's own time zone. */
      readonly offset: string | undefined;
    };

/** Candidates, best first. `sourceName` is the path inside the camera folder. */
export function* findNameTimes(sourceName: string): Generator<NameTime> {
  const stem = sourceName.slice(sourceName.lastIndexOf('/') + 1).replace(/\.[A-Za-z][A-Za-z0-9]{1,4}$/, '');
  yield* findDateTimes(stem);
  yield* findAxisTimes(stem);
  yield* findUnifiTimes(stem);
  yield* findEpochs(stem);
  yield* findFolderTimes(sourceName, stem);
}

/**
 * Date and time in one name, year first, any of the usual separators: Hikvision `192.168.1.64_01_20240131123456789_MOTION`,
 * Reolink `Front_00_20240131123456`, Foscam `MDAlarm_20240131-123456`, ACTi `Gate-2024-01-31@123456`, D-Link
 * `DCS-932L2024013112345601` (the last two digits count within the second), Blue Iris, Synology, motion, ISO 8601.
 */
const DATE_TIME = new RegExp(
  [
    String.raw`(?<!\d)(\d{4})([-_.]?)(\d\d)\2(\d\d)`, // date
    String.raw`([T_\-.@, ]{0,3})`,
    String.raw`(\d\d)([-_.:]?)(\d\d)\7(\d\d)`, // time of day
    String.raw`(?:[.,]?(\d{3})(?:\d{3})?(?!\d)|[_-](\d{3})(?![0-9A-Za-z])|\d\d(?!\d))?(?!\d)`, // fraction of the second
    String.raw`(?:(Z)(?![0-9A-Za-z])|([+-](?:0\d|1[0-4])):?([03]0|[14]5)(?!\d))?`, // UTC or offset
  ].join(''),
  'g',
);

function* findDateTimes(stem: string): Generator<NameTime> {
  for (const match of stem.matchAll(DATE_TIME)) {
    const [, year, , month, day, between, hour, , minute, second, attached, separate, utc, offsetHour, offsetMinute] =
      match;
    // `-0500` after anything but an ISO time is more likely a counter.
    const isIso = between === 'T' && offsetHour !== undefined;
    const offset = utc ? 'UTC' : isIso ? `${offsetHour}:${offsetMinute ?? '00'}` : undefined;
    yield toLocal([year, month, day, hour, minute, second], { millisecond: attached ?? separate, offset });
  }
}

/** Axis: `image24-01-31_12-34-56-78`, two digits of the year and hundredths of the second. */
function* findAxisTimes(stem: string): Generator<NameTime> {
  const match = /^image(\d\d)-(\d\d)-(\d\d)_(\d\d)-(\d\d)-(\d\d)(?:-(\d\d))?(?!\d)/.exec(stem);
  if (!match) return;
  const [, year = '', month, day, hour, minute, second, hundredths] = match;
  yield toLocal([`20${year}`, month, day, hour, minute, second], { millisecond: hundredths && `${hundredths}0` });
}

/** UniFi Protect: `G4 Doorbell 1-31-2024, 12.34.56 GMT+1`, month first. */
function* findUnifiTimes(stem: string): Generator<NameTime> {
  const match = /(?<!\d)(\d\d?)-(\d\d?)-(\d{4}), (\d\d?)\.(\d\d)\.(\d\d) GMT([+-])(\d\d?)(?::?(\d\d))?/.exec(stem);
  if (!match) return;
  const [, month, day, year, hour, minute, second, sign = '+', offsetHour = '0', offsetMinute = '00'] = match;
  const offset = `${sign}${offsetHour.padStart(2, '0')}:${offsetMinute}`;
  yield toLocal([year, month, day, hour, minute, second], { offset });
}

/** Serial numbers have ten digits, too: only seconds since 2015 count. */
const EPOCH_S_MIN = Date.UTC(2015, 0, 1) / 1_000;

/** Seconds or milliseconds since 1970, standing alone: Frigate `front-1706704496.123456-abc123`, `1706704496123`. */
function* findEpochs(stem: string): Generator<NameTime> {
  for (const match of stem.matchAll(/(?<![0-9A-Za-z])(1\d{9})(\d{3})?(?:\.(\d{1,6}))?(?![0-9A-Za-z])/g)) {
    const [, seconds, milliseconds, fraction = '0'] = match;
    if (Number(seconds) < EPOCH_S_MIN) continue;
    const ms = milliseconds ? Number(milliseconds) : Math.floor(Number(`0.${fraction}`) * 1_000);
    yield { kind: 'instant', ms: Number(seconds) * 1_000 + ms };
  }
}

/** A folder that holds a date, `2024-01-31`, `20240131` or `2024/01/31`; what follows it is the second group. */
const DATE_FOLDER = /(?:^|[^\d])(\d{4})([-_./]?)(\d\d)\2(\d\d)(?!\d)[^/]*\/(.+)$/;
/** Yi: `2024Y01M31D12H/34M56S`. */
const YI = /(\d{4})Y(\d\d)M(\d\d)D(\d\d)H\/(\d\d)M(\d\d)S/;

/** The date in the folders, the time of day in the rest. */
function* findFolderTimes(sourceName: string, stem: string): Generator<NameTime> {
  const yi = YI.exec(sourceName);
  if (yi) yield toLocal(yi.slice(1));
  const date = DATE_FOLDER.exec(sourceName);
  if (!date) return;
  const [, year, , month, day, rest = ''] = date;
  const time = findTimeOfDay(rest, stem);
  if (time) yield toLocal([year, month, day, time[1], time[2], time[3]], { millisecond: time[4] });
}

/**
 * `12-34-56`, `cam_12.34.56[R][0@0][0]` (Dahua), `123456`, `123456789`, or spread over folders as Dahua and Amcrest do:
 * `001/jpg/12/34/56[M][0@0][0]`, `001/jpg/12/34.56[M][0@0][0]`. Six digits count only at the start of the name:
 * `img_000123` is a counter.
 */
function findTimeOfDay(rest: string, stem: string): (string | undefined)[] | undefined {
  const separated = /(?<!\d)(\d\d)([-_.:])(\d\d)\2(\d\d)(?:\.(\d{3}))?(?!\d)/.exec(stem);
  if (separated) return [undefined, separated[1], separated[3], separated[4], separated[5]];
  const solid = /^(\d\d)(\d\d)(\d\d)(\d{3})?(?!\d)/.exec(stem);
  const match = solid ?? /(?:^|\/)(\d\d)\/(\d\d)[./](\d\d)(?!\d)/.exec(rest);
  return match ? [...match] : undefined;
}

function toLocal(
  fields: readonly (string | undefined)[],
  { millisecond, offset }: { millisecond?: string | undefined; offset?: string | undefined } = {},
): NameTime {
  return { kind: 'local', fields: fields.map(Number), millisecond: Number(millisecond ?? '0'), offset };
}
