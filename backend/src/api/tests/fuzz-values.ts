/** Values for requests, made from the document's own schemas; and values that no schema ever asked for. */
import fc from 'fast-check';

/** The part of JSON Schema that our documents use. */
export interface JsonSchema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly format?: string;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly items?: JsonSchema;
  readonly prefixItems?: readonly JsonSchema[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly oneOf?: readonly JsonSchema[];
  readonly anyOf?: readonly JsonSchema[];
  readonly allOf?: readonly JsonSchema[];
}

const SIZE_MAX = 8;
const DEPTH_MAX = 6;

/** Texts that broke programs of this kind before. */
export const hostileText: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(
    '',
    ' ',
    '\0',
    '../../etc/passwd',
    '..%2f..%2fetc%2fpasswd',
    '%00',
    '<script>alert(1)</script>',
    "' or 1=1 --",
    '"; drop table events; --',
    '=cmd|calc',
    '{{7*7}}',
    '\u202Egnp.exe',
    '\uD800',
    'é'.repeat(300),
    'a'.repeat(5_000),
    '-1',
    'NaN',
    '1e309',
    '9'.repeat(30),
    '0x10',
    'null',
    'true',
    '[]',
    '2025-02-30T25:61:61Z',
    '+275760-09-13T00:00:00.001Z',
    '0000-00-00T00:00:00Z',
  ),
  fc.string({ unit: 'binary', maxLength: 40 }),
);

const hostileValue: fc.Arbitrary<unknown> = fc.oneof(
  hostileText,
  fc.constantFrom(null, true, -1, 0.5, 1e21, Number.MAX_SAFE_INTEGER, [], {}, [[]], { __proto__: 1 }),
  fc.jsonValue({ maxDepth: 3 }),
);

/** Now and then at the edge of what may be asked for, or just beyond. */
const timeText: fc.Arbitrary<string> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .date({ min: new Date('2024-01-01'), max: new Date('2027-01-01'), noInvalidDate: true })
      .map((date) => date.toISOString()),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '0001-01-01T00:00:00Z',
      '0001-01-01T00:00:00.001Z',
      '0001-01-01T00:00:00+14:00',
      '0001-01-01T23:59:59-12:00',
      '0001-01-31T00:00:00Z',
      '1969-12-31T23:59:59.999Z',
      '9999-12-01T00:00:00Z',
      '9999-12-31T23:59:59.999Z',
      '9999-12-31T23:59:59.999-12:00',
    ),
  },
);

export interface ValueOptions {
  /** Resolves `#/components/schemas/...`. */
  readonly resolve: (ref: string) => JsonSchema;
  /** An id of something that may be there. */
  readonly id: fc.Arbitrary<string>;
}

/** Mostly what the schema asks for; now and then, at any depth, something else. */
export function valueOf(schema: JsonSchema, options: ValueOptions, depth = 0): fc.Arbitrary<unknown> {
  return fc.oneof({ weight: 19, arbitrary: validOf(schema, options, depth) }, { weight: 1, arbitrary: hostileValue });
}

function validOf(schema: JsonSchema, options: ValueOptions, depth: number): fc.Arbitrary<unknown> {
  if (depth > DEPTH_MAX) return fc.constant(null);
  if (schema.$ref !== undefined) return validOf(options.resolve(schema.$ref), options, depth + 1);
  if (schema.const !== undefined) return fc.constant(schema.const);
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
  const choices = schema.oneOf ?? schema.anyOf;
  if (choices !== undefined) return fc.oneof(...choices.map((choice) => valueOf(choice, options, depth + 1)));
  if (schema.allOf !== undefined) return mergeOf(schema.allOf, options, depth);
  const types = [schema.type ?? 'string'].flat();
  return fc.oneof(...types.map((type) => ofType(type, schema, options, depth)));
}

const mergeOf = (parts: readonly JsonSchema[], options: ValueOptions, depth: number): fc.Arbitrary<unknown> =>
  fc
    .tuple(...parts.map((part) => validOf(part, options, depth + 1)))
    .map((values) => Object.assign({}, ...values) as unknown);

function ofType(type: string, schema: JsonSchema, options: ValueOptions, depth: number): fc.Arbitrary<unknown> {
  switch (type) {
    case 'null':
      return fc.constant(null);
    case 'boolean':
      return fc.boolean();
    case 'integer':
      return fc.integer({ min: schema.minimum ?? -5, max: Math.max(schema.minimum ?? -5, schema.maximum ?? 1_000) });
    case 'number':
      return fc.double({ min: schema.minimum ?? -2, max: schema.maximum ?? 2, noNaN: true });
    case 'array':
      return arrayOf(schema, options, depth);
    case 'object':
      return objectOf(schema, options, depth);
    default:
      return textOf(schema, options);
  }
}

function arrayOf(schema: JsonSchema, options: ValueOptions, depth: number): fc.Arbitrary<unknown> {
  if (schema.prefixItems !== undefined)
    return fc.tuple(...schema.prefixItems.map((item) => valueOf(item, options, depth + 1)));
  const minLength = schema.minItems ?? 0;
  const maxLength = Math.max(minLength, Math.min(schema.maxItems ?? SIZE_MAX, SIZE_MAX));
  return fc.array(valueOf(schema.items ?? {}, options, depth + 1), { minLength, maxLength });
}

function objectOf(schema: JsonSchema, options: ValueOptions, depth: number): fc.Arbitrary<unknown> {
  const model = Object.fromEntries(
    Object.entries(schema.properties ?? {}).map(([key, value]) => [key, valueOf(value, options, depth + 1)]),
  );
  const requiredKeys = (schema.required ?? []).filter((key) => key in model);
  const full = fc.record(model, { requiredKeys });
  return fc.oneof({ weight: 15, arbitrary: full }, { weight: 1, arbitrary: fc.record(model, { requiredKeys: [] }) });
}

function textOf(
  { format, pattern, minLength = 0, maxLength = 30 }: JsonSchema,
  { id }: ValueOptions,
): fc.Arbitrary<string> {
  if (format === 'uuid' || pattern?.startsWith('^[a-z0-9][a-z0-9_-]') === true) return id;
  if (format === 'date-time') return timeText;
  return fc.oneof(
    fc.constantFrom('person', 'car', 'Europe/Berlin', '22:00', '06:30', 'https://example.com/hook', 'a word or two'),
    fc.string({ minLength, maxLength: Math.max(minLength, Math.min(maxLength, 40)) }),
  );
}
