/** The operations of the OpenAPI document, and requests for them. */
import { newId } from '../../lib/id.ts';
import type { Side } from './access-rows.ts';

interface Parameter {
  readonly in: string;
  readonly name: string;
  readonly required?: boolean;
  readonly schema: { readonly enum?: readonly string[] };
}

export interface Operation {
  /** As in `GET /api/frames/{id}`. */
  readonly name: string;
  readonly method: string;
  readonly path: string;
  readonly security: readonly Readonly<Record<string, readonly string[]>>[];
  readonly parameters: readonly Parameter[];
}

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Partial<Operation>>>>>;
}

export const toOperations = ({ paths }: Document): readonly Operation[] =>
  Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { security = [], parameters = [] }]) => ({
      ...{ name: `${method.toUpperCase()} ${path}`, method: method.toUpperCase(), path, security, parameters },
    })),
  );

/** The path with ids: those of `ids` where it is about such a thing, else of nothing. */
export function toPath({ path }: Pick<Operation, 'path'>, ids: Partial<Side>): string {
  const noun = /^\/api\/([a-z]+)/.exec(path)?.[1] ?? '';
  const idOf = (name: string): string => ids[(name === 'id' ? noun : `${name.replace(/_id$/, '')}s`) as keyof Side] ?? newId(); // prettier-ignore
  return path.replace(/\{(\w+)\}/g, (_all, name: string) => idOf(name));
}

/** The path with every query that may bring out something: counts, forms of answers, words to search for, ids to filter by. */
export function toRequests(
  operation: Operation,
  { ids, words }: { ids: Side; words: readonly string[] },
): readonly string[] {
  // prettier-ignore
  const path = toPath(operation, ids);
  const queries = operation.parameters.filter((parameter) => parameter.in === 'query');
  const needed = queries
    .filter(({ required }) => required === true)
    .map(({ name, schema }): [string, string] => [name, schema.enum?.[0] ?? '1']);
  const wished = queries.flatMap(({ name, schema }) =>
    valuesOf(name, schema.enum, words).map((value) => [name, value]),
  );
  const toUrl = (given: readonly (readonly string[])[]): string => {
    const query = new URLSearchParams([...needed, ...given.map(([name = '', value = '']): [string, string] => [name, value])]); // prettier-ignore
    return query.size > 0 ? `${path}?${query.toString()}` : path;
  };
  return [toUrl([]), ...wished.map((one) => toUrl([one]))];
}

function valuesOf(name: string, choices: readonly string[] | undefined, words: readonly string[]): readonly string[] {
  if (choices) return choices;
  if (['count', 'annotated'].includes(name)) return ['true'];
  return ['camera_id', 'event_id', 'zone_id', 'rule_id', 'label', 'q'].includes(name) ? words : [];
}
