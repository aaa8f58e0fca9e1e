/** Alert rules, dashboard and documentation hold what the program tells: no figure that is none, and none that nobody sees. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { askedFigures } from '../src/api/metrics.ts';
import { families, type Family } from '../src/metrics/families.ts';
import { createMeters } from '../src/metrics/index.ts';
import { runPromtool } from './harness/scrape.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const rulesFile = path.join(root, 'deploy/prometheus/nightjar.rules.yml');
const readText = (name: string): Promise<string> => readFile(path.join(root, name), 'utf8');

interface Declared {
  readonly name: string;
  readonly kind: Family['kind'];
  readonly labels: readonly string[];
  readonly help: string;
}

/** All that a process may tell, by where it is declared; of its own figures, what is registered. */
async function readDeclared(): Promise<readonly Declared[]> {
  const counted = Object.entries(families).map(([name, { kind, help, ...more }]) => ({ name: `nightjar_${name}`, kind, help, labels: 'labels' in more ? more.labels : [] })); // prettier-ignore
  const asked = askedFigures.map(({ name, help, label }) => ({ name: `nightjar_${name}`, kind: toKind(name), help, labels: label === undefined ? [] : [label] })); // prettier-ignore
  const text = await createMeters({ version: '1', mediaFreeMinBytes: 0 }).read();
  const registered = [...text.matchAll(/^# HELP (\S+) (.*)\n# TYPE \S+ (\w+)$/gm)].map(([, name = '', help = '', kind = '']) => ({ name, kind: kind as Family['kind'], help, labels: [] })); // prettier-ignore
  const known = new Set(counted.map(({ name }) => name));
  return [...asked, ...counted, ...registered.filter(({ name }) => !known.has(name))];
}
const toKind = (name: string): Family['kind'] => (name.endsWith('_total') ? 'counter' : 'gauge');

/** The families that an expression names. */
const namesIn = (text: string): readonly string[] =>
  [...text.matchAll(/\bnightjar_\w+/g)].map(([name]) => name.replace(/_(bucket|sum|count)$/, ''));

const rulesSchema = z.object({
  groups: z.array(
    z.object({
      rules: z.array(
        z.strictObject({
          alert: z.string().regex(/^Nightjar[A-Z]\w+$/),
          expr: z.string(),
          for: z.string().optional(),
          labels: z.strictObject({ severity: z.enum(['info', 'warning', 'critical']) }),
          annotations: z.strictObject({ summary: z.string().min(10), description: z.string().min(40) }),
        }),
      ),
    }),
  ),
});

const panelSchema = z.object({
  id: z.int(),
  type: z.enum(['row', 'timeseries', 'stat']),
  title: z.string().min(3),
  gridPos: z.object({ x: z.int(), y: z.int(), w: z.int(), h: z.int() }),
  targets: z.array(z.object({ refId: z.string(), expr: z.string() })).default([]),
});
const dashboardSchema = z.object({ uid: z.literal('nightjar'), panels: z.array(panelSchema).min(30) });

const readRules = async () => rulesSchema.parse(parse(await readFile(rulesFile, 'utf8'))).groups.flatMap(({ rules }) => rules); // prettier-ignore
const readPanels = async () =>
  dashboardSchema.parse(JSON.parse(await readText('deploy/grafana/dashboards/nightjar.json'))).panels;

it('the rules are good by the checker of Prometheus, and fire when they should', async () => {
  expect(await runPromtool(['check', 'rules', rulesFile])).toMatchObject({ code: 0 });
  const config = path.join(root, 'deploy/prometheus/prometheus.yml');
  expect(await runPromtool(['check', 'config', '--syntax-only', config])).toMatchObject({ code: 0 });
  const cases = fileURLToPath(new URL('deploy/nightjar.rules.test.yml', import.meta.url));
  expect(await runPromtool(['test', 'rules', cases])).toMatchObject({ code: 0, said: expect.stringContaining('SUCCESS') as string }); // prettier-ignore
});

it('each rule says what happened and what to do', async () => {
  const rules = await readRules();
  expect(rules.length).toBeGreaterThan(15);
  expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length);
});

it('the dashboard is one that Grafana can show, and asks what Prometheus understands', async () => {
  const panels = await readPanels();
  expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
  const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) => Array.from({ length: w * h }, (_, n) => `${x + (n % w)},${y + Math.floor(n / w)}`)); // prettier-ignore
  expect(new Set(cells).size).toBe(cells.length);
  expect(panels.every(({ gridPos: { x, w } }) => x + w <= 24)).toBe(true);
  const folder = await mkdtemp(path.join(tmpdir(), 'nightjar-dashboard-'));
  try {
    // Its questions as recording rules, for promtool reads no dashboards.
    const asked = panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));
    const rules = asked.map((expr, index) => ({ record: `asked:${index}`, expr: expr.replaceAll('$__rate_interval', '5m').replaceAll('$instance', '.*') })); // prettier-ignore
    await writeFile(path.join(folder, 'asked.yml'), JSON.stringify({ groups: [{ name: 'asked', rules }] }));
    expect(await runPromtool(['check', 'rules', path.join(folder, 'asked.yml')])).toMatchObject({ code: 0 });
  } finally {
    await rm(folder, { recursive: true });
  }
});

it('rules and dashboard name only what the program tells, and the dashboard shows all of it', async () => {
  const declared = new Set((await readDeclared()).map(({ name }) => name));
  const shown = (await readPanels()).flatMap(({ targets }) => targets.flatMap(({ expr }) => namesIn(expr)));
  const warnedOf = (await readRules()).flatMap(({ expr }) => namesIn(expr));
  expect([...shown, ...warnedOf].filter((name) => !declared.has(name))).toEqual([]);
  // Of the process' own figures it shows the few that say something at a glance.
  const own = [...Object.keys(families), ...askedFigures.map(({ name }) => name)].map((name) => `nightjar_${name}`);
  expect(own.filter((name) => !shown.includes(name))).toEqual([]);
});

it('the documentation has a row for each figure, and for no other', async () => {
  const text = await readText('backend/docs/observability.md');
  const table = /<!-- figures -->\n([^]*)<!-- \/figures -->/.exec(text)?.[1] ?? '';
  const rows = table.split('\n').filter((line) => line.startsWith('| `')).map((line) => line.split('|').map((cell) => cell.trim()).slice(1, -1).join(' | ')); // prettier-ignore
  const expected = (await readDeclared()).map(({ name, kind, labels, help }) => [`\`${name}\``, kind, labels.map((label) => `\`${label}\``).join(', '), help].join(' | ')); // prettier-ignore
  expect(rows).toEqual(expected);
});
