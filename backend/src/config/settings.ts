/** The configuration as it may be shown: every name with its value and where that comes from, and no secret. */
import { environment, secretNames, type Environment } from './environment.ts';

export type SettingName = keyof Environment;
/** `file`: what `NAME_FILE` points at; `command`: what a command (the demo) sets itself. */
export type Source = 'default' | 'environment' | '.env' | 'file' | 'command';
export type SourceOf = (name: SettingName) => Source;

export interface Setting {
  readonly name: SettingName;
  readonly source: Source;
  readonly isSet: boolean;
  /** As it is understood: bytes, milliseconds, lists. Null where nothing is set; undefined for a secret. */
  readonly value?: unknown;
}

type Given = Readonly<Record<string, string | undefined>>;

export function toSettings(env: Environment, sourceOf: SourceOf): readonly Setting[] {
  const secrets = new Set<string>(secretNames);
  return (Object.keys(environment.shape) as SettingName[]).map((name) => {
    const value: unknown = env[name];
    const setting = { name, source: sourceOf(name), isSet: value !== undefined };
    return secrets.has(name) ? setting : { ...setting, value: value === undefined ? null : withoutCredentials(value) };
  });
}

/** In the order in which they win. */
export function findSource(
  name: string,
  { overrides, environment: env, fromFile }: { overrides: Given; environment: Given; fromFile: Given },
): Source {
  const isGiven = (given: Given, key: string): boolean => (given[key] ?? '').trim() !== '';
  if ([overrides, env, fromFile].some((given) => isGiven(given, `${name}_FILE`)) && isSecret(name)) return 'file';
  if (isGiven(overrides, name)) return 'command';
  // One that is set and empty hides that of `.env`, and counts as not given.
  if (env[name] !== undefined) return isGiven(env, name) ? 'environment' : 'default';
  return isGiven(fromFile, name) ? '.env' : 'default';
}

const isSecret = (name: string): boolean => (secretNames as readonly string[]).includes(name);

/** URLs may carry a user and a password, wherever in a text they stand. */
function withoutCredentials(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutCredentials);
  return typeof value === 'string' ? value.replace(/(\w:\/\/)[^/?#\s]*@/g, '$1') : value;
}
