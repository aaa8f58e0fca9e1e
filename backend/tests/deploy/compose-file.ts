/**
 * docker-compose.prod.yml as Compose reads it: variables replaced, then merged, then parsed. Only the keys that the file
 * uses are known here; the specification's own schema is held against it by the linter.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { z } from 'zod';

export const root = fileURLToPath(new URL('../../..', import.meta.url));
const FILE = path.join(root, 'docker-compose.prod.yml');

const text = z.string();
const texts = z.array(text);
const duration = z.string().regex(/^\d+(ms|s|m|h)$/);
const service = z.strictObject({
  image: text,
  build: z.strictObject({ context: text, dockerfile: text.optional(), target: text.optional() }).optional(),
  profiles: texts.default([]),
  command: texts.optional(),
  restart: text.optional(),
  init: z.boolean().default(false),
  user: text.optional(),
  read_only: z.boolean().default(false),
  cap_drop: texts.default([]),
  cap_add: texts.default([]),
  security_opt: texts.default([]),
  tmpfs: texts.default([]),
  shm_size: text.optional(),
  stop_grace_period: duration.optional(),
  networks: texts.default([]),
  depends_on: z.record(text, z.strictObject({ condition: text })).default({}),
  secrets: texts.default([]),
  volumes: texts.default([]),
  ports: texts.default([]),
  environment: z.record(text, text).default({}),
  env_file: z.array(z.strictObject({ path: text, required: z.boolean() })).default([]),
  healthcheck: z.strictObject({
    test: texts,
    interval: duration,
    timeout: duration,
    retries: z.number(),
    start_period: duration.optional(),
  }),
  deploy: z.strictObject({
    resources: z.strictObject({
      limits: z.strictObject({ cpus: text, memory: text }),
      reservations: z.unknown().optional(),
    }),
  }),
  logging: z.unknown().optional(),
});
export type Service = z.infer<typeof service>;

const composeFile = z.object({
  name: text,
  services: z.record(text, service),
  networks: z.record(text, z.strictObject({ internal: z.boolean().optional() })),
  volumes: z.record(text, z.strictObject({})),
  secrets: z.record(text, z.strictObject({ file: text })),
});
export type ComposeFile = z.infer<typeof composeFile>;

type Variables = Readonly<Record<string, string>>;

/** Replaces `${NAME:-default}`, `${NAME:?message}` and `$$`. Throws for a variable that is needed. */
function interpolate(value: string, variables: Variables): string {
  return value.replaceAll(/\$\$|\$\{(\w+):([-?])([^}]*)\}/g, (found, name?: string, sign?: string, rest?: string) => {
    if (name === undefined) return '$';
    const given = variables[name] ?? '';
    if (given !== '') return given;
    if (sign !== '-') throw new Error(`${found} is not set`);
    return rest ?? '';
  });
}

/** In values only, after parsing: what is put in stays a string, whatever it looks like. */
function interpolateAll(value: unknown, variables: Variables): unknown {
  if (typeof value === 'string') return interpolate(value, variables);
  if (Array.isArray(value)) return value.map((one: unknown) => interpolateAll(one, variables));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, interpolateAll(one, variables)]));
}

/** As JSON, which is YAML too, for programs that know no variables. */
export const resolveCompose = (variables: Variables = {}): string =>
  JSON.stringify(interpolateAll(parse(readFileSync(FILE, 'utf8'), { merge: true }), variables), null, 2);

export const readCompose = (variables: Variables = {}): ComposeFile =>
  composeFile.parse(JSON.parse(resolveCompose(variables)));
