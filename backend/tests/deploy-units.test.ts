/** The units for systemd: verified by systemd where it is, and pointing at what is there. */
import { execFile } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { environment, roles, secretNames } from '../src/config/environment.ts';
import { root } from './deploy/compose-file.ts';

const folder = path.join(root, 'deploy/systemd');
const units = readdirSync(folder).filter((name) => name.endsWith('.service'));
const hasSystemd = existsSync('/usr/bin/systemd-analyze');
const run = promisify(execFile);

const valuesOf = (text: string, key: string): string[] =>
  [...text.matchAll(new RegExp(`^${key}=(.*)$`, 'gm'))].map(([, value = '']) => value);

describe('the units', () => {
  it.skipIf(!hasSystemd)('are understood by systemd', async () => {
    const home = await mkdtemp(path.join(tmpdir(), 'nightjar-units-'));
    try {
      const copies = { 'nightjar.service': 'nightjar.service', 'nightjar.target': 'nightjar.target', 'nightjar@.service': 'nightjar@api.service' }; // prettier-ignore
      for (const [name, copy] of Object.entries(copies)) await copyFile(path.join(folder, name), path.join(home, copy));
      const files = Object.values(copies).map((name) => path.join(home, name));
      const { stdout, stderr } = await run('systemd-analyze', ['verify', '--man=no', ...files]).catch((thrown: { stdout: string; stderr: string }) => thrown); // prettier-ignore
      const lines = `${stdout}${stderr}`.split('\n').filter((line) => /nightjar/.test(line));
      // Only where Node.js is elsewhere is the program missing.
      expect(lines.filter((line) => !line.includes('is not executable'))).toEqual([]);
    } finally {
      await rm(home, { recursive: true, force: true });
    }
  });

  it.each(units)('%s gives settings that the program knows', (name) => {
    const text = readFileSync(path.join(folder, name), 'utf8');
    const known = new Set([...Object.keys(environment.shape), ...secretNames.map((one) => `${one}_FILE`), 'NODE_ENV']);
    const set = valuesOf(text, 'Environment').flatMap((line) =>
      line.split(' ').map((pair) => pair.split('=')[0] ?? ''),
    );
    expect(set).toContain('ADMIN_API_KEY_FILE');
    expect(set.filter((one) => !known.has(one))).toEqual([]);
  });

  it.each(units)('%s starts what the build makes, and is started again for ever', (name) => {
    const text = readFileSync(path.join(folder, name), 'utf8');
    const [, script = ''] =
      /^\/usr\/bin\/node \/opt\/nightjar\/(\S+) serve$/.exec(valuesOf(text, 'ExecStart')[0] ?? '') ?? [];
    expect(existsSync(path.join(root, script.replace('/dist/', '/src/').replace(/\.js$/, '.ts')))).toBe(true);
    expect(valuesOf(text, 'Restart')).toEqual(['always']);
    expect(valuesOf(text, 'StartLimitIntervalSec')).toEqual(['0']);
    // Node compiles at run time.
    expect(valuesOf(text, 'MemoryDenyWriteExecute')).toEqual([]);
  });

  it('names roles that there are', () => {
    const text = readFileSync(path.join(folder, 'nightjar@.service'), 'utf8');
    const named = [...text.matchAll(/nightjar@(\w+)/g)].map(([, role = '']) => role);
    expect(named.sort()).toEqual([...roles].sort());
  });

  it('has an example of settings that the program knows', () => {
    const text = readFileSync(path.join(folder, 'nightjar.env.example'), 'utf8');
    const names = [...text.matchAll(/^#?([A-Z][A-Z_0-9]*)=/gm)].map(([, name = '']) => name);
    expect(names.length).toBeGreaterThan(5);
    expect(names.filter((name) => !(name in environment.shape))).toEqual([]);
  });
});
