/** docker-compose.prod.yml: the specification's schema, a linter of its own, and the rules of the house. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { environment, secretNames } from '../src/config/environment.ts';
import { readCompose, resolveCompose, root, type Service } from './deploy/compose-file.ts';

const given = { FTP_PASV_ADDRESS: '192.0.2.1' };
const compose = readCompose(given);
const services = Object.entries(compose.services);
const isOurs = ([, { image }]: [string, Service]): boolean => /^nightjar(-gpu)?:/.test(image);
const ours = services.filter(isOurs);
const namesOf = (found: readonly (readonly [string, Service])[]): string[] => found.map(([name]) => name);

/** Used by one another, and declared: neither more nor less. */
function usedBy(pick: (service: Service) => readonly string[]): string[] {
  return [...new Set(services.flatMap(([, service]) => pick(service)))].sort();
}
const volumeOf = (mount: string): string => mount.split(':')[0] ?? '';
const isBind = (mount: string): boolean => mount.startsWith('.');

const run = promisify(execFile);
const linted = z.array(z.object({ messages: z.array(z.object({ rule: z.string(), message: z.string() })) })).min(1);
/** Of the linter, what is not its business: how keys are sorted and strings quoted, and that a built image has a name. */
const ofTaste = [
  'no-build-and-image',
  'no-quotes-in-volumes',
  'require-quotes-in-ports',
  'service-keys-order',
  'services-alphabetical-order',
  'service-dependencies-alphabetical-order',
  'service-ports-alphabetical-order',
  'top-level-properties-order',
];

describe('the compose file', () => {
  it('is valid by the schema, and passes the linter', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'nightjar-compose-'));
    const [file, settings] = [path.join(folder, 'docker-compose.yml'), path.join(folder, 'settings.json')];
    await writeFile(file, resolveCompose(given));
    await writeFile(settings, JSON.stringify({ rules: Object.fromEntries(ofTaste.map((rule) => [rule, 0])) }));
    try {
      const linter = path.join(root, 'node_modules/.bin/dclint');
      const { stdout } = await run(linter, ['--config', settings, '--formatter', 'json', file]).catch((thrown: { stdout: string }) => thrown); // prettier-ignore
      const results = linted.parse(JSON.parse(stdout));
      expect(results.flatMap(({ messages }) => messages.map(({ rule, message }) => `${rule} ${message}`))).toEqual([]);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  it('needs an address for the FTP server, and nothing else', () => {
    expect(() => readCompose()).toThrow('FTP_PASV_ADDRESS');
  });

  it.each(services)('%s is shut in', (name, service) => {
    const { limits } = service.deploy.resources;
    expect(service.restart).toBe('unless-stopped');
    expect(service.read_only).toBe(true);
    expect(service.cap_drop).toEqual(['ALL']);
    expect(service.security_opt).toEqual(['no-new-privileges:true']);
    expect(service.healthcheck.test[0]).toBe('CMD');
    expect(Number(limits.cpus)).toBeGreaterThan(0);
    expect(limits.memory).toMatch(/^\d+[mg]$/);
    // vsftpd alone begins as root.
    if (name !== 'ftp') expect([service.user?.split(':')[0] ?? '0', service.cap_add]).toEqual([expect.not.stringMatching(/^(0|root)$/), []]); // prettier-ignore
  });

  it('declares what is used, and uses what is declared', () => {
    expect(usedBy(({ secrets }) => secrets)).toEqual(Object.keys(compose.secrets).sort());
    expect(usedBy(({ networks }) => networks)).toEqual(Object.keys(compose.networks).sort());
    expect(usedBy(({ volumes }) => volumes.filter((mount) => !isBind(mount)).map(volumeOf))).toEqual(
      Object.keys(compose.volumes).sort(),
    );
    const needed = services.flatMap(([, { depends_on: needs }]) => Object.keys(needs));
    expect(needed.filter((name) => !(name in compose.services))).toEqual([]);
  });

  it('mounts what is there', () => {
    const folders = services.flatMap(([, { volumes }]) => volumes.filter(isBind).map(volumeOf));
    // The model of the analyst is the user's to bring.
    expect(folders.filter((name) => name !== './llm' && !existsSync(path.join(root, name)))).toEqual([]);
  });

  it('has no secret in an environment', () => {
    const named = services.flatMap(([name, service]) =>
      Object.entries(service.environment).map(([variable, value]) => ({ name, variable, value })),
    );
    const secret = named.filter(({ variable }) => /PASSWORD|KEY|SECRET|TOKEN|(DATABASE|REDIS)_URL/.test(variable));
    expect(secret.filter(({ variable }) => !variable.endsWith('_FILE'))).toEqual([]);
    expect(secret.map(({ name, value }) => [name, path.basename(value)])).toEqual(
      secret.map(({ name, value }) => [name, compose.services[name]?.secrets.find((one) => value === `/run/secrets/${one}`)]), // prettier-ignore
    );
  });

  it('gives the program settings that it knows', () => {
    const known = new Set([...Object.keys(environment.shape), ...secretNames.map((name) => `${name}_FILE`)]);
    const set = ours.flatMap(([, service]) => Object.keys(service.environment));
    expect(set.filter((name) => !known.has(name))).toEqual([]);
    for (const [, { environment: values }] of ours) {
      const secrets = { ADMIN_API_KEY: 'x'.repeat(16), DATABASE_URL: 'postgres://a:b@c/d', REDIS_URL: 'redis://a' };
      const plain = Object.entries(values).filter(([name, value]) => value !== '' && !name.endsWith('_FILE'));
      expect(environment.safeParse({ ...secrets, ...Object.fromEntries(plain) }).error?.issues ?? []).toEqual([]);
    }
  });

  it('divides all the roles among its services', () => {
    const roles = ours.filter(([, { profiles }]) => profiles.length === 0).map(([, service]) => service.environment['ROLES']); // prettier-ignore
    expect(roles.sort()).toEqual(['analyze', 'api', 'detect', 'ingest']);
  });

  it('publishes to the machine alone, but for cameras', () => {
    const open = services.filter(([, { ports }]) => ports.some((port) => !port.startsWith('127.0.0.1:')));
    expect(namesOf(open)).toEqual(['ftp']);
    // A port can be published only from a network that has a way out.
    const publishing = services.filter(([, { ports }]) => ports.length > 0);
    expect(publishing.filter(([, { networks }]) => !networks.includes('outside'))).toEqual([]);
    expect(compose.networks['inside']).toEqual({ internal: true });
  });

  it('names no image that changes by itself', () => {
    const loose = services.filter(([, { image }]) => !/:[^:/]*\d[^:/]*$/.test(image));
    expect(namesOf(loose)).toEqual([]);
  });

  it('gives the detector as many threads as it has of the processor', () => {
    const { detect } = readCompose({ ...given, DETECT_CPUS: '3' }).services;
    expect([detect?.environment['DETECT_WORKERS'], detect?.deploy.resources.limits.cpus]).toEqual(['3', '3']);
  });
});
