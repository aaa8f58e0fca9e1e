/**
 * Arrays as PostgreSQL writes them: `{1,NULL,"a \"quoted\" b"}`. The driver can ask the server for its array types, on
 * each new connection; but a connection that breaks just then ends the process, for nobody hears its failure. The types
 * that we use are built in, and their numbers never change (pg_type.dat).
 */
import { NightjarError } from '../lib/errors.ts';

const toText = (text: string): string => text;

/** Each array type by its number, and how its elements are read. */
const readers: Readonly<Record<number, (text: string) => unknown>> = {
  1000: (text) => text === 't', // bool
  1005: Number, // int2
  1007: Number, // int4
  1016: Number, // int8
  1021: Number, // float4
  1022: Number, // float8
  1009: toText, // text
  1015: toText, // varchar
  2951: toText, // uuid
  1185: (text) => new Date(text), // timestamptz
  199: (text) => JSON.parse(text) as unknown, // json
  3807: (text) => JSON.parse(text) as unknown, // jsonb
};

/** For the driver's option `types`. */
export const arrayTypes = Object.fromEntries(
  Object.entries(readers).map(([number, read]) => {
    const type = Number(number);
    return [`array${type}`, { to: type, from: [type], serialize: toArrayText, parse: (text: string) => parseArray(text, read) }]; // prettier-ignore
  }),
);

export function toArrayText(items: unknown): string {
  // One that is written by hand already.
  if (!Array.isArray(items)) return String(items);
  return `{${items.map(toElement).join(',')}}`;
}

function toElement(item: unknown): string {
  if (item === null || item === undefined) return 'NULL';
  if (Array.isArray(item)) return toArrayText(item);
  if (typeof item === 'number' || typeof item === 'bigint' || typeof item === 'boolean') return String(item);
  const text = item instanceof Date ? item.toISOString() : typeof item === 'string' ? item : JSON.stringify(item);
  return `"${text.replace(/[\\"]/g, '\\$&')}"`;
}

/** An element in quotes, or one without. */
const ELEMENT = /"((?:[^"\\]|\\.)*)"|([^",{}]+)/gs;

/** Of one dimension; no query of ours asks for more. */
export function parseArray<T>(text: string, read: (text: string) => T): readonly (T | null)[] {
  const inside = /^\{(?!\{)(.*)\}$/s.exec(text)?.[1];
  if (inside === undefined) throw new NightjarError('internal', `no array of one dimension: ${text.slice(0, 100)}`);
  return [...inside.matchAll(ELEMENT)].map(([, quoted, bare]) => {
    if (quoted !== undefined) return read(quoted.replace(/\\(.)/gs, '$1'));
    return bare === 'NULL' ? null : read(bare ?? '');
  });
}
