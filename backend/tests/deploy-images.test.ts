/** The Dockerfiles: what a linter for them would say, and that what they copy is there. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { readCompose, root } from './deploy/compose-file.ts';

interface Instruction {
  readonly keyword: string;
  readonly rest: string;
}

/** Comments gone, lines that go on joined. */
function parseDockerfile(text: string): readonly Instruction[] {
  const joined = text.replaceAll(/^\s*#.*\n/gm, '').replaceAll(/\\\n/g, ' ');
  const lines = joined.split('\n').filter((line) => line.trim() !== '');
  return lines.map((line) => {
    const [, keyword = '', rest = ''] = /^(\S+)\s+(.*)$/.exec(line) ?? [];
    return { keyword, rest: rest.replaceAll(/\s+/g, ' ') };
  });
}

/** A line of .dockerignore: a file, or a folder with all that is in it. */
function toPattern(rule: string): RegExp {
  const escaped = rule.replaceAll(/[.+^$()[\]{}|\\]/g, String.raw`\$&`);
  const pattern = escaped.replaceAll('**/', '(?:.*/)?').replaceAll(/(?<!\.)\*/g, '[^/]*');
  return new RegExp(`^${pattern}(?:/|$)`);
}

const read = (name: string): string => readFileSync(path.join(root, name), 'utf8');
const files = ['backend/Dockerfile', 'deploy/vsftpd/Dockerfile'].map((name) => ({ name, instructions: parseDockerfile(read(name)) })); // prettier-ignore
const of = (instructions: readonly Instruction[], keyword: string): string[] =>
  instructions.filter((one) => one.keyword === keyword).map(({ rest }) => rest);

const [{ instructions } = { instructions: [] }] = files;
const stages = of(instructions, 'FROM').map((rest) => rest.split(' '));
const stageNames = stages.map(([, , name]) => name);

describe.each(files)('$name', ({ instructions: all }) => {
  it('is built on images with a version', () => {
    const args = new Map(of(all, 'ARG').map((rest) => [rest.split('=')[0] ?? '', rest.split('=')[1] ?? '']));
    const bases = of(all, 'FROM').map((rest) => (rest.split(' ')[0] ?? '').replace(/\$\{(\w+)\}/, (_, name: string) => args.get(name) ?? '')); // prettier-ignore
    const foreign = bases.filter((base) => !stageNames.includes(base));
    expect(foreign.filter((base) => !/:[^:]*\d/.test(base))).toEqual([]);
  });

  it('leaves no package lists behind, and installs no more than is named', () => {
    const installs = of(all, 'RUN').filter((rest) => rest.includes('apt-get install'));
    expect(installs.length).toBeGreaterThan(0);
    for (const rest of installs) {
      expect(rest).toContain('apt-get update && apt-get install -y --no-install-recommends');
      expect(rest).toContain('rm -rf /var/lib/apt/lists/*');
    }
  });

  it('starts by a list of words, so that signals arrive', () => {
    for (const keyword of ['ENTRYPOINT', 'CMD'])
      for (const rest of of(all, keyword).filter((one) => !one.startsWith('--')))
        expect(JSON.parse(rest)).toEqual(expect.arrayContaining([expect.any(String)]));
    expect(of(all, 'HEALTHCHECK').every((rest) => /CMD \["/.test(rest))).toBe(true);
    expect(of(all, 'ENTRYPOINT').length).toBeGreaterThan(0);
  });

  it('fetches nothing by itself', () => {
    expect(of(all, 'ADD')).toEqual([]);
    expect(of(all, 'RUN').filter((rest) => /\b(curl|wget)\b/.test(rest))).toEqual([]);
  });
});

describe('the image of Nightjar', () => {
  const ignored = read('.dockerignore').split('\n').filter((line) => line !== '' && !line.startsWith('#')); // prettier-ignore
  const copies = of(instructions, 'COPY');

  it('copies from stages that are there', () => {
    const from = copies.flatMap((rest) => /--from=(\S+)/.exec(rest)?.[1] ?? []);
    expect(from.length).toBeGreaterThan(0);
    expect(from.filter((name) => !stageNames.includes(name))).toEqual([]);
  });

  it('copies what is there, and not left out', () => {
    const sources = copies.filter((rest) => !rest.includes('--from=')).flatMap((rest) => rest.split(' ').filter((word) => !word.startsWith('--')).slice(0, -1)); // prettier-ignore
    expect(sources).toEqual(expect.arrayContaining(['backend', 'dashboard', 'package-lock.json', 'scripts']));
    expect(sources.filter((source) => !existsSync(path.join(root, source.replace(/\*$/, ''))))).toEqual([]);
    expect(sources.filter((source) => ignored.includes(source))).toEqual([]);
    // What the build reads, beyond the sources.
    const needed = ['backend/src/cli.ts', 'backend/src/db/migrations', 'backend/models/centernet-mbv3/model.json'];
    expect(needed.filter((file) => !existsSync(path.join(root, file)))).toEqual([]);
    expect(needed.filter((file) => ignored.some((rule) => toPattern(rule).test(file)))).toEqual([]); // prettier-ignore
  });

  it('leaves secrets out', () => {
    expect(ignored).toEqual(expect.arrayContaining(['.env', '.env.*', 'deploy', '.git', 'data']));
  });

  it('runs as nobody in particular, with settings that the program knows', () => {
    const users = of(instructions, 'USER');
    expect(users).toEqual(['10001:10001', '10001:10001']);
    expect(new Set(of(instructions, 'ENTRYPOINT')).size).toBe(1);
    expect(new Set(of(instructions, 'ENV').filter((rest) => rest.includes('DATA_DIR'))).size).toBe(1);
  });

  it('has the stages that the compose file asks for, the usual one last', () => {
    const { services } = readCompose({ FTP_PASV_ADDRESS: '192.0.2.1' });
    const targets = Object.values(services).flatMap(({ build }) => build?.target ?? []);
    expect(targets.filter((name) => !stageNames.includes(name))).toEqual([]);
    expect(stageNames.at(-1)).toBe('default');
  });
});
