/** Each list with each filter, every two of them, some three and more; words of every kind; statistics. */
import { CHANNEL } from './lists-seed-others.ts';
import { ABSENT_WORD, LONG_GONE_WORD, NEWEST, RARE_WORD } from './lists-seed.ts';

export interface ListCase {
  readonly name: string;
  readonly path: string;
  /** `other` has no limit. */
  readonly kind: 'list' | 'search' | 'other';
  /** Asked by a key that sees some cameras only. */
  readonly isLimited: boolean;
}

const daysAgo = (days: number): string => new Date(NEWEST.getTime() - days * 86_400_000).toISOString();
const span = { since: `since=${daysAgo(60)}`, until: `until=${daysAgo(1)}` };
const filters = {
  events: { camera: 'camera_id=cam5', state: 'state=analyzed', risk: 'risk_level=critical', label: 'label=cat', reviewed: 'reviewed=true', ...span },
  detections: { camera: 'camera_id=cam5', label: 'label=dog', score: 'score_min=0.9', suppressed: 'suppressed=true', ...span },
  frames: { camera: 'camera_id=cam5', state: 'state=dead', ...span },
  clips: { camera: 'camera_id=cam5', state: 'state=dead' },
  alerts: { camera: 'camera_id=cam5', risk: 'risk_level=critical', acknowledged: 'acknowledged=false' },
} as const; // prettier-ignore

/** Rare together, or nowhere. */
const more = {
  events: [
    ['camera', 'risk', 'label', 'reviewed'],
    ['state', 'risk', 'label', 'reviewed', 'since', 'until'],
    ['camera', 'state', 'reviewed', 'until'],
    ['camera', 'label', 'since'],
  ],
  detections: [
    ['camera', 'label', 'score'],
    ['label', 'score', 'since', 'until'],
  ],
  frames: [['camera', 'state', 'since', 'until']],
  clips: [],
  alerts: [],
} as const;

const extra: readonly (readonly [string, string])[] = [
  ['events', 'risk_level=low'],
  ['events', 'label=person'],
  ['events', 'label=person&reviewed=false&state=analyzed'],
  ['events', 'state=open'],
  ['events', 'reviewed=false&limit=200'],
  ['detections', 'score_min=0.99'],
  ['detections', 'score_min=1'],
  ['detections', 'label=bear&score_min=0.98'],
  ['detections', 'limit=200'],
  ['frames', 'state=done'],
];

/** For an admin's key only. */
const inner: readonly ListCase[] = [
  'audit?',
  'audit?action=key.created',
  'audit?target_id=cam5&actor_id=actor1',
  `channels/${CHANNEL}/deliveries?`,
  `channels/${CHANNEL}/deliveries?state=dead`,
].map((path) => ({ name: path, path: `/api/${path}`, kind: 'list', isLimited: false }));

const words = {
  common: 'person',
  'of some': 'parcel',
  'of few': 'word400',
  rare: RARE_WORD,
  absent: ABSENT_WORD,
  'long gone': LONG_GONE_WORD,
  'two common': 'person garden',
  'two of some': 'word40 word60',
  'common and rare': `person ${RARE_WORD}`,
  'a beginning': 'pe',
  'a letter': 'w',
  'absent and a letter': `${ABSENT_WORD} w`,
  'of a camera': 'camera 5',
} as const;

export function toCases(deep: Readonly<Record<string, string>>): readonly ListCase[] {
  const lists = Object.entries(filters).flatMap(([list, known]) => {
    const names = Object.keys(known);
    const pairs = names.flatMap((one, index) => names.slice(index + 1).map((other) => [one, other]));
    const sets = [[], ...names.map((name) => [name]), ...pairs, ...more[list as keyof typeof more]];
    return sets.map((set) => [list, set.map((name) => known[name as keyof typeof known]).join('&')] as const);
  });
  const listed = [...lists, ...extra].flatMap(([list, query]) => atBothDepths(deep, list, query, 'list'));
  const searched = Object.entries(words).flatMap(([what, q]) =>
    ['', '&camera_id=cam5', '&label=cat&reviewed=false', '&state=analyzed', '&risk_level=critical'].flatMap((also) =>
      atBothDepths(deep, 'events', `q=${encodeURIComponent(q)}${also}`, 'search').map((one) => ({
        ...one,
        name: `${one.name} (${what})`,
      })),
    ),
  );
  return [...listed, ...inner, ...searched, ...others];
}

function atBothDepths(
  deep: Readonly<Record<string, string>>,
  list: string,
  query: string,
  kind: ListCase['kind'],
): readonly ListCase[] {
  const path = `/api/${list}?${query}`;
  const deepest = deep[list] === undefined ? [] : [{ name: `${list}?${query} deep`, path: `${path}&cursor=${deep[list]}` }]; // prettier-ignore
  return [{ name: `${list}?${query}`, path }, ...deepest].flatMap((one) =>
    [false, true].map((isLimited) => ({ ...one, name: `${isLimited ? 'limited ' : ''}${one.name}`, kind, isLimited })),
  );
}

const others: readonly ListCase[] = [
  'stats/summary',
  'stats/timeline?bucket=hour',
  `stats/timeline?bucket=hour&since=${daysAgo(30)}`,
  'stats/timeline?bucket=day',
  `stats/timeline?bucket=day&since=${daysAgo(90)}`,
  'cameras',
  'events?count=true',
  'events?count=true&risk_level=critical&reviewed=false',
  'events?count=true&label=cat',
].flatMap((path) =>
  [false, true].map((isLimited) => ({
    ...{ name: `${isLimited ? 'limited ' : ''}${path}`, path: `/api/${path}` },
    kind: 'other' as const,
    isLimited,
  })),
);
