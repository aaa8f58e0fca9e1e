import type { RiskFacts } from './risk.ts';

/** As in `2 people and a car at Front Door, 22:14:03 to 22:15:10`: times are those of the camera's clock. */
export function toPlainSummary(facts: RiskFacts, timeZone: string): string {
  const seen = Object.entries(facts.labels)
    .sort(([a, countA], [b, countB]) => countB - countA || compareText(a, b))
    .map(([label, count]) => toPlainCount(label, count));
  const time = new Intl.DateTimeFormat('en-GB', { timeZone, timeStyle: 'medium', hourCycle: 'h23' });
  const [from, to] = [time.format(facts.startedMs), time.format(facts.endedMs)];
  return `${toPlainList(seen)} at ${facts.cameraName}, ${from === to ? from : `${from} to ${to}`}`;
}

/** By code units: the same order on every machine, whatever its language. */
export const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

// Maps: a model's labels may be called anything, `constructor` included.
const irregular = new Map([['person', 'people'], ['sheep', 'sheep'], ['mouse', 'mice'], ['knife', 'knives'], ['skis', 'skis'], ['scissors', 'scissors']]); // prettier-ignore

export function toPlainCount(label: string, count: number): string {
  if (count === 1) return `${/^[aeiou]/.test(label) ? 'an' : 'a'} ${label}`;
  return `${count} ${irregular.get(label) ?? (/(s|x|ch|sh)$/.test(label) ? `${label}es` : `${label}s`)}`;
}

export function toPlainList(items: readonly string[]): string {
  if (items.length === 0) return 'nothing';
  const text = items.length === 1 ? (items[0] ?? '') : `${items.slice(0, -1).join(', ')} and ${items.at(-1) ?? ''}`;
  return text.charAt(0).toUpperCase() + text.slice(1);
}
