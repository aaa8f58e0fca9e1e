/** The rules of the house that no reviewer should have to watch: who imports whom, and where the borders are. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('.', import.meta.url));
const rooms = [
  'ingest',
  'clips',
  'media',
  'queue',
  'detect',
  'events',
  'analyze',
  'broadcast',
  'api',
  'models',
  'gpu',
  'backup',
  'retention',
  'notify',
  'metrics',
  'tracing',
];
const roomsWithRows = ['queue', 'events', 'api', 'broadcast', 'retention', 'backup', 'notify'];
const LINES_MAX = 250;

interface Source {
  readonly name: string;
  readonly room: string;
  readonly text: string;
  readonly imports: readonly string[];
}

const sources: readonly Source[] = readdirSync(root, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => {
    const text = readFileSync(path.join(root, name), 'utf8');
    const specifiers = [...text.matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g)].map(
      ([, specifier = '']) => specifier,
    );
    const beside = [...text.matchAll(/besideModule\(import\.meta\.url, '([^']+)'\)/g)].map(
      ([, base = '']) => `${base}.ts`,
    );
    const imports = [...specifiers, ...beside].map((specifier) => path.join(path.dirname(name), specifier));
    return { name, room: name.includes(path.sep) ? (name.split(path.sep)[0] ?? '') : '', text, imports };
  });
const isTest = ({ name, text }: Source): boolean =>
  name.endsWith('.test.ts') || text.includes("from 'vitest'") || /(^|\/)(tests?|test-)/.test(name);
const production = sources.filter((source) => !isTest(source));
const roomOf = (name: string): string => (name.includes(path.sep) ? (name.split(path.sep)[0] ?? '') : '');

function mayImport({ room }: Source, imported: string): boolean {
  const other = roomOf(imported);
  if (other === room) return true;
  if (room === '' || room === 'cli') return true; // main, facts, config and the command line see every room
  if (room === 'lib') return false;
  if (room === 'model') return other === 'lib';
  if (room === 'db') return ['lib', 'model'].includes(other);
  return ['lib', 'model'].includes(other) || (other === 'db' && roomsWithRows.includes(room));
}

describe('the house', () => {
  it('has all its rooms', () => {
    expect(rooms.filter((room) => !sources.some(({ name }) => name === path.join(room, 'index.ts')))).toEqual([]);
  });

  it('has no door between rooms', () => {
    const wrong = production.flatMap((source) =>
      source.imports
        .filter((imported) => !mayImport(source, imported))
        .map((imported) => `${source.name} imports ${imported}`),
    );
    expect(wrong).toEqual([]);
  });

  it('is entered by the front door only', () => {
    const wrong = production.flatMap((source) =>
      source.imports
        .filter(
          (imported) =>
            rooms.includes(roomOf(imported)) &&
            roomOf(imported) !== source.room &&
            path.basename(imported) !== 'index.ts',
        )
        .map((imported) => `${source.name} imports ${imported}`),
    );
    expect(wrong).toEqual([]);
  });

  it('reads the environment in one place', () => {
    expect(
      production
        .filter(({ name, text }) => name !== 'config.ts' && text.includes('process.env'))
        .map(({ name }) => name),
    ).toEqual([]);
  });

  it('writes to no console', () => {
    expect(production.filter(({ text }) => /\bconsole\./.test(text)).map(({ name }) => name)).toEqual([]);
  });

  it('has no dead file', () => {
    const imported = new Set(sources.flatMap(({ imports }) => imports));
    const roots = ['cli.ts'];
    expect(
      production.filter(({ name }) => !imported.has(name) && !roots.includes(name)).map(({ name }) => name),
    ).toEqual([]);
  });

  it('has no file that people fear to touch', () => {
    expect(production.filter(({ text }) => text.split('\n').length > LINES_MAX).map(({ name }) => name)).toEqual([]);
  });

  it('has a header on every door', () => {
    const bare = rooms.filter((room) => !readFileSync(path.join(root, room, 'index.ts'), 'utf8').startsWith('/**'));
    expect(bare).toEqual([]);
  });
});
