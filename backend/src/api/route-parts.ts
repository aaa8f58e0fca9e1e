/** The pieces that routes are declared with: the app's type, answers, and checked strings from outside. */
import type { HttpBindings } from '@hono/node-server';
import { OpenAPIHono, z } from '@hono/zod-openapi';
import { NightjarError, type InputFault } from '../lib/errors.ts';
import { cameraIdSchema } from '../model/wire.ts';
import type { Identity } from './auth.ts';
import type { Allowance } from './limits/rate-limiter.ts';
import { problemSchema } from './problem.ts';

export interface ApiEnv {
  Bindings: HttpBindings;
  Variables: { requestId: string; identity: Identity; allowance: Allowance | undefined };
}
export type ApiApp = OpenAPIHono<ApiEnv>;

/** The app with nothing mounted: wrong input becomes `invalid` with every fault, a path id of the wrong form 404. */
export function createEmptyApp(): ApiApp {
  return new OpenAPIHono<ApiEnv>({
    defaultHook(result) {
      if (result.success) return;
      if (result.target === 'param') throw new NightjarError('not_found', 'there is nothing under this id');
      throw toInputError(result.target === 'json' ? 'body' : result.target, result.error);
    },
  });
}

/** `invalid`, with every fault. */
export function toInputError(place: string, { issues }: z.core.$ZodError): NightjarError {
  const faults = issues.flatMap((issue) => toFaults(place, issue));
  const list = faults.map(({ path, message }) => `${path}: ${message}`).join('; ');
  return new NightjarError('invalid', list, { faults });
}

function toFaults(place: string, issue: z.core.$ZodIssue): InputFault[] {
  const path = [place, ...issue.path].join('.');
  if (issue.code !== 'unrecognized_keys') return [{ path, message: issue.message }];
  return issue.keys.map((key) => ({ path: `${path}.${key}`, message: 'is not known here' }));
}

export const json = <Schema extends z.ZodType>(schema: Schema, description: string) => ({
  description,
  content: { 'application/json': { schema } },
});

export const problem = (description: string) => ({
  description,
  content: { 'application/problem+json': { schema: problemSchema } },
});
export const invalid = { 400: problem('the input is wrong; `errors` lists every fault') };
export const unauthorized = { 401: problem('no valid API key or session') };
export const forbidden = { 403: problem('the key may not do this') };
export const notFound = { 404: problem('there is no such thing') };
export const conflict = { 409: problem('something else has this name already') };

/** Of a route that creates (create-once.ts). */
export const otherRequest = { 422: problem('the Idempotency-Key was used for another request') };
export const idempotencyHeaders = z.object({
  'idempotency-key': z
    .string()
    .max(255)
    .optional()
    .openapi({ description: 'the same request under the same key has the first answer again, for 24 h' }),
});

export const picture = (description: string) => ({
  description,
  content: { 'image/*': { schema: z.string().openapi({ format: 'binary' }) } },
});

export const video = (description: string) => ({
  description,
  content: { 'video/*': { schema: z.string().openapi({ format: 'binary' }) } },
});

export const bodyOf = <Schema extends z.ZodType>(schema: Schema) => ({
  required: true,
  content: { 'application/json': { schema } },
});

export const uuidParams = z.strictObject({ id: z.uuid() });
export const cameraParams = z.strictObject({ id: cameraIdSchema });

const STORABLE = /^[^\0\p{Surrogate}]*$/u;

/** Text that PostgreSQL can hold: it refuses NUL, and half a surrogate pair is no Unicode. */
export const text = (charsMin: number, charsMax: number) =>
  z
    .string()
    .min(charsMin)
    .max(charsMax)
    // No pattern: its flag would stand in the document, where none is known.
    .refine((value) => STORABLE.test(value), 'must be valid text without NUL characters');

export const flag = z
  .enum(['true', 'false'], 'must be true or false')
  .transform((value) => value === 'true')
  .openapi({ type: 'boolean' });

const firstMs = Date.parse('0001-01-01T00:00:00Z');
const lastMs = Date.parse('9999-12-31T23:59:59.999Z');

/** The years that PostgreSQL and JavaScript write alike. */
export const isStorableTime = (ms: number): boolean => ms >= firstMs && ms <= lastMs;

/** The nearest time in those years. */
export const toStorable = (ms: number): number => Math.min(lastMs, Math.max(firstMs, ms));

/** ISO 8601 with `Z` or an offset. */
export const timeFilter = z.iso
  .datetime({ offset: true, error: 'must be a time such as 2025-06-01T12:00:00Z (write + as %2B)' })
  .transform((value) => new Date(value))
  .refine((date) => isStorableTime(date.getTime()), 'must be in the years 0001 to 9999')
  .openapi({ type: 'string', format: 'date-time' });

export const label = text(1, 100);

/** Filters that every list of things seen by cameras has. */
export const seenFilters = {
  camera_id: cameraIdSchema.optional(),
  since: timeFilter.optional().openapi({ description: 'this moment or later' }),
  until: timeFilter.optional().openapi({ description: 'before this moment' }),
};
