/** Requests for every operation of a document. */
import fc from 'fast-check';
import type { ApiDocument } from '../openapi.ts';
import { hostileText, valueOf, type JsonSchema, type ValueOptions } from './fuzz-values.ts';

export interface FuzzRequest {
  /** As in `GET /api/cameras/{id}`. */
  readonly operation: string;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | FormParts | undefined;
}

export type FormParts = readonly { readonly name: string; readonly value: string | Uint8Array }[];

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required?: boolean;
  readonly schema: JsonSchema;
}

interface Operation {
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: JsonSchema }>> };
}

type Pairs = readonly (readonly [string, string])[];

/** Never in a header: `fetch` itself would refuse to send it. */
const headerText = hostileText.map((text) => text.replaceAll(/[^\x20-\x7e]/g, '').trim());

const optionalHeaders = fc.record(
  {
    range: fc.oneof(fc.constantFrom('bytes=0-', 'bytes=-1', 'bytes=5-1', 'bytes=99999999999-'), headerText),
    'if-none-match': fc.oneof(fc.constantFrom('*', 'W/"x"'), headerText),
    'idempotency-key': headerText,
    'x-request-id': headerText,
    accept: headerText,
  },
  { requiredKeys: [] },
);

export function requestsOf(document: ApiDocument, id: fc.Arbitrary<string>): fc.Arbitrary<FuzzRequest> {
  const schemas = (document.components?.schemas ?? {}) as Record<string, JsonSchema>;
  const options: ValueOptions = { id, resolve: (ref) => schemas[ref.split('/').at(-1) ?? ''] ?? {} };
  const operations = Object.entries(document.paths ?? {}).flatMap(([path, item]) =>
    (['get', 'post', 'put', 'patch', 'delete'] as const).flatMap((method) =>
      item[method] === undefined ? [] : [requestOf({ method, path, operation: item[method] as Operation }, options)],
    ),
  );
  return fc.oneof(...operations);
}

function requestOf(
  { method, path, operation }: { readonly method: string; readonly path: string; readonly operation: Operation },
  options: ValueOptions,
): fc.Arbitrary<FuzzRequest> {
  const parameters = operation.parameters ?? [];
  const inPath = pairsOf(
    parameters.filter((parameter) => parameter.in === 'path'),
    options,
  );
  const inQuery = pairsOf(
    parameters.filter((parameter) => parameter.in === 'query'),
    options,
  );
  const stray = rarely(fc.tuple(hostileText, hostileText));
  return fc
    .tuple(inPath, inQuery, stray, fc.option(optionalHeaders, { freq: 3, nil: {} }), bodyOf(operation, options))
    .map(([ids, query, odd, extra, body]): FuzzRequest => {
      const filled = ids.reduce((text, [name, value]) => text.replace(`{${name}}`, encode(value) || '%20'), path);
      const search = [...query, ...(odd ? [odd] : [])]
        .map(([name, value]) => `${encode(name)}=${encode(value)}`)
        .join('&');
      return {
        operation: `${method.toUpperCase()} ${path}`,
        method: method.toUpperCase(),
        path: search === '' ? filled : `${filled}?${search}`,
        headers: { ...extra, ...body.headers },
        body: body.content,
      };
    });
}

/** One time in thirty. */
const rarely = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.oneof({ weight: 29, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary });

/** Half a surrogate pair has no bytes. */
const toUnicode = (text: string): string => Buffer.from(text).toString();
const encode = (text: string): string => encodeURIComponent(toUnicode(text));

/** All that are needed, most of those that may be given. */
const pairsOf = (parameters: readonly Parameter[], options: ValueOptions): fc.Arbitrary<Pairs> =>
  fc
    .tuple(
      ...parameters.map(({ name, required = false, schema }) => {
        const pair = fc.oneof({ weight: 9, arbitrary: valueOf(schema, options) }, { weight: 1, arbitrary: hostileText }).map((value) => [[name, toText(value)] as const]); // prettier-ignore
        return required ? pair : fc.oneof(fc.constant([]), pair);
      }),
    )
    .map((pairs) => pairs.flat());

const toText = (value: unknown): string => (typeof value === 'string' ? value : (JSON.stringify(value) ?? ''));

interface Body {
  readonly headers: Readonly<Record<string, string>>;
  readonly content: string | FormParts | undefined;
}

function bodyOf({ requestBody }: Operation, options: ValueOptions): fc.Arbitrary<Body> {
  const content = requestBody?.content ?? {};
  const json = content['application/json']?.schema;
  if (json !== undefined) return jsonOf(json, options);
  const form = content['multipart/form-data']?.schema;
  if (form === undefined) return fc.constant({ headers: {}, content: undefined });
  const names = Object.keys(form.properties ?? {});
  const value = fc.oneof(hostileText.map(toUnicode), options.id, fc.uint8Array({ maxLength: 2_000 }));
  return fc
    .array(fc.record({ name: fc.constantFrom(...names, 'other'), value }), { maxLength: 4 })
    .map((parts) => ({ headers: {}, content: parts }));
}

const jsonOf = (schema: JsonSchema, options: ValueOptions): fc.Arbitrary<Body> =>
  fc
    .tuple(
      fc.oneof(
        { weight: 14, arbitrary: valueOf(schema, options).map((value) => JSON.stringify(value) ?? '') },
        { weight: 1, arbitrary: hostileText },
      ),
      fc.oneof({ weight: 20, arbitrary: fc.constant('application/json') }, { weight: 1, arbitrary: fc.constantFrom('text/plain', 'application/json; charset=utf-16', 'multipart/form-data') }), // prettier-ignore
    )
    .map(([content, type]) => ({ headers: { 'content-type': type }, content: toUnicode(content) }));
