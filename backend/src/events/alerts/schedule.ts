/**
 * Schedules go by what the clock on the wall shows. So nothing needs to be said of days on which it is changed: what it
 * skips is never shown, and lies in no window; what it shows twice lies in a window twice.
 */
import { Temporal } from 'temporal-polyfill';
import { weekdays, type Schedule } from '../../model/alert.ts';

interface WallTime {
  /** 0 is Monday. */
  readonly weekday: number;
  /** Since midnight by the clock. */
  readonly minute: number;
}

export function isScheduled(schedule: Schedule | null, at: Date): boolean {
  if (schedule === null) return true;
  const wall = toWallTime(at, schedule.timeZone);
  // Rather told at the wrong hour than never, should a restored rule name a zone that this machine does not know.
  if (wall === undefined) return true;
  return schedule.windows.some((window) => isInWindow(window, wall));
}

function isInWindow({ days, from, until }: Schedule['windows'][number], { weekday, minute }: WallTime): boolean {
  const [begin, end] = [toMinute(from), toMinute(until)];
  const begins = (day: number): boolean => days.some((name) => name === weekdays[day]);
  if (begin < end) return begins(weekday) && minute >= begin && minute < end;
  const yesterday = (weekday + weekdays.length - 1) % weekdays.length;
  return (begins(weekday) && minute >= begin) || (begins(yesterday) && minute < end);
}

function toWallTime(at: Date, timeZone: string): WallTime | undefined {
  try {
    const wall = Temporal.Instant.fromEpochMilliseconds(at.getTime()).toZonedDateTimeISO(timeZone);
    return { weekday: wall.dayOfWeek - 1, minute: wall.hour * 60 + wall.minute };
  } catch (thrown) {
    if (thrown instanceof RangeError) return undefined; // what it throws for a zone that it does not know
    throw thrown;
  }
}

/** Of `HH:MM`. */
const toMinute = (text: string): number => Number(text.slice(0, 2)) * 60 + Number(text.slice(3));
