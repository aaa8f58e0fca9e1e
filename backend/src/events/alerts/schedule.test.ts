import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { weekdays, type Schedule, type Weekday } from '../../model/alert.ts';
import { isScheduled } from './schedule.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

const schedule = (timeZone: string, days: readonly Weekday[], from: string, until: string): Schedule => ({
  timeZone,
  windows: [{ days, from, until }],
});
const sunday = (timeZone: string, from: string, until: string): Schedule => schedule(timeZone, ['sun'], from, until);

it('is always, where there is none', () => {
  expect(isScheduled(null, new Date(0))).toBe(true);
});

it('is always, where the time zone is one that this machine does not know', () => {
  expect(isScheduled(schedule('Mars/Olympus', ['mon'], '01:00', '02:00'), new Date(0))).toBe(true);
});

describe.each<[string, Schedule, readonly [string, boolean][]]>([
  [
    'a window of one day: from is included, until is not',
    schedule('UTC', ['wed'], '09:00', '17:30'),
    [
      ['2025-06-04T08:59:59.999Z', false],
      ['2025-06-04T09:00:00.000Z', true],
      ['2025-06-04T17:29:59.999Z', true],
      ['2025-06-04T17:30:00.000Z', false],
      ['2025-06-05T12:00:00.000Z', false],
    ],
  ],
  [
    'overnight: the day is that of its beginning',
    schedule('UTC', ['sun'], '22:00', '06:00'),
    [
      ['2025-06-01T21:59:59.999Z', false],
      ['2025-06-01T22:00:00.000Z', true],
      ['2025-06-02T05:59:59.999Z', true], // Monday
      ['2025-06-02T06:00:00.000Z', false],
      ['2025-06-01T05:00:00.000Z', false], // Sunday morning belongs to Saturday
      ['2025-06-02T22:00:00.000Z', false],
    ],
  ],
  [
    'until the same time: a whole day',
    schedule('UTC', ['mon'], '08:00', '08:00'),
    [
      ['2025-06-02T07:59:00.000Z', false],
      ['2025-06-02T08:00:00.000Z', true],
      ['2025-06-03T07:59:59.999Z', true],
      ['2025-06-03T08:00:00.000Z', false],
    ],
  ],
  [
    'until midnight',
    schedule('UTC', ['mon'], '00:00', '00:00'),
    [
      ['2025-06-01T23:59:59.999Z', false],
      ['2025-06-02T00:00:00.000Z', true],
      ['2025-06-02T23:59:59.999Z', true],
      ['2025-06-03T00:00:00.000Z', false],
    ],
  ],
  [
    'quarters of an hour: Kathmandu is at 05:45',
    schedule('Asia/Kathmandu', ['mon'], '00:00', '01:00'),
    [
      ['2025-06-01T18:14:59.999Z', false],
      ['2025-06-01T18:15:00.000Z', true],
      ['2025-06-01T19:14:59.999Z', true],
      ['2025-06-01T19:15:00.000Z', false],
    ],
  ],
  [
    'Berlin in spring: 02:00 to 02:59 is never shown, so nothing lies there',
    sunday('Europe/Berlin', '02:00', '03:00'),
    [
      ['2025-03-30T00:59:59.999Z', false], // 01:59
      ['2025-03-30T01:00:00.000Z', false], // 03:00
    ],
  ],
  [
    'Berlin in spring: a window that begins in the gap begins after it',
    sunday('Europe/Berlin', '02:30', '04:00'),
    [
      ['2025-03-30T00:59:59.999Z', false],
      ['2025-03-30T01:00:00.000Z', true], // 03:00
      ['2025-03-30T01:59:59.999Z', true],
      ['2025-03-30T02:00:00.000Z', false], // 04:00
    ],
  ],
  [
    'Berlin in autumn: 02:00 to 02:59 is shown twice, and lies in the window twice',
    sunday('Europe/Berlin', '02:15', '02:45'),
    [
      ['2025-10-26T00:14:59.999Z', false],
      ['2025-10-26T00:15:00.000Z', true], // summer time
      ['2025-10-26T00:45:00.000Z', false],
      ['2025-10-26T01:15:00.000Z', true], // winter time
      ['2025-10-26T01:45:00.000Z', false],
    ],
  ],
  [
    'New York in spring: an overnight window is an hour shorter',
    schedule('America/New_York', ['sat'], '22:00', '06:00'),
    [
      ['2025-03-09T02:59:59.999Z', false], // Saturday 21:59 EST
      ['2025-03-09T03:00:00.000Z', true],
      ['2025-03-09T07:00:00.000Z', true], // Sunday 03:00 EDT
      ['2025-03-09T09:59:59.999Z', true],
      ['2025-03-09T10:00:00.000Z', false], // 06:00 EDT
    ],
  ],
  [
    'New York in autumn: an overnight window is an hour longer',
    schedule('America/New_York', ['sat'], '22:00', '06:00'),
    [
      ['2025-11-02T01:59:59.999Z', false],
      ['2025-11-02T02:00:00.000Z', true], // Saturday 22:00 EDT
      ['2025-11-02T10:59:59.999Z', true],
      ['2025-11-02T11:00:00.000Z', false], // 06:00 EST
    ],
  ],
])('%s', (_name, given, moments) => {
  it.each(moments)('%s: %s', (at, expected) => expect(isScheduled(given, new Date(at))).toBe(expected));
});

/**
 * The oracle knows no rule about days that end: it walks the minutes of a calendar without clock changes, from the beginning
 * of each window to its end, and writes down what a clock would show.
 */
function toShownMinutes({ windows }: Schedule, firstDayMs: number, days: number): ReadonlySet<string> {
  const shown = new Set<string>();
  for (let dayMs = firstDayMs; dayMs < firstDayMs + days * DAY_MS; dayMs += DAY_MS)
    for (const { days: named, from, until } of windows) {
      const weekday = weekdays[(new Date(dayMs).getUTCDay() + 6) % 7];
      if (!named.some((name) => name === weekday)) continue;
      let atMs = dayMs;
      while (toClock(atMs).slice(11) !== from) atMs += MINUTE_MS;
      do {
        shown.add(toClock(atMs));
        atMs += MINUTE_MS;
      } while (toClock(atMs).slice(11) !== until);
    }
  return shown;
}
const toClock = (ms: number): string => new Date(ms).toISOString().slice(0, 16);

function createClockOf(timeZone: string): (ms: number) => string {
  const fields = { year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit' } as const;
  const format = new Intl.DateTimeFormat('sv-SE', { timeZone, ...fields, hourCycle: 'h23' });
  return (ms) => format.format(ms).replace(' ', 'T');
}

const minuteOfDay = fc.integer({ min: 0, max: 24 * 60 - 1 }).map((minute) => toClock(minute * MINUTE_MS).slice(11));
const anySchedule = fc.record({
  timeZone: fc.constantFrom('Europe/Berlin', 'America/New_York', 'Asia/Kathmandu', 'Australia/Lord_Howe', 'UTC'),
  windows: fc.array(
    fc.record({ days: fc.subarray([...weekdays], { minLength: 1 }), from: minuteOfDay, until: minuteOfDay }),
    { minLength: 1, maxLength: 3 },
  ),
});
/** Around days on which clocks are changed, and some others. */
const anyDay = fc.constantFrom('2025-03-09', '2025-03-30', '2025-04-06', '2025-10-05', '2025-10-26', '2025-11-02', '2024-02-29', '2025-12-31'); // prettier-ignore

it('agrees with a walk from minute to minute', () => {
  fc.assert(
    fc.property(anySchedule, anyDay, fc.integer({ min: 1, max: 29 }), (given, day, stepMinutes) => {
      const middleMs = Date.parse(`${day}T00:00:00Z`);
      const shown = toShownMinutes(given, middleMs - 4 * DAY_MS, 8);
      const clockOf = createClockOf(given.timeZone);
      for (let ms = middleMs - DAY_MS / 2; ms < middleMs + 1.5 * DAY_MS; ms += stepMinutes * MINUTE_MS)
        if (isScheduled(given, new Date(ms)) !== shown.has(clockOf(ms)))
          throw new Error(`${new Date(ms).toISOString()} (${clockOf(ms)}) in ${JSON.stringify(given)}`);
    }),
    { numRuns: 25 },
  );
});
