const clock = new Intl.DateTimeFormat(undefined, { timeStyle: 'medium' });
const day = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium' });

/** As in `22:14:03`, or `10 Jun 2024, 22:14:03` for another day than today; in this browser's time zone. */
export function formatTime(iso, now = new Date()) {
  const date = new Date(iso);
  const isToday = day.format(date) === day.format(now);
  return isToday ? clock.format(date) : `${day.format(date)}, ${clock.format(date)}`;
}

/** How long an event lasted, as in `12 s` or `1 min 5 s`; empty for a single moment. */
export function formatDuration(startIso, endIso) {
  const seconds = Math.round((Date.parse(endIso) - Date.parse(startIso)) / 1_000);
  if (seconds <= 0) return '';
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/** As in `8 s`, `3 min`, `5 h`, `2 d`. */
export function formatAge(seconds) {
  if (seconds < 60) return `${Math.round(seconds)} s`;
  if (seconds < 3_600) return `${Math.round(seconds / 60)} min`;
  return seconds < 86_400 ? `${Math.round(seconds / 3_600)} h` : `${Math.round(seconds / 86_400)} d`;
}
