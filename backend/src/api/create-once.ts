/**
 * Idempotency-Key, for POSTs that create. Whoever does not know whether a request arrived sends it again under the same
 * word, and gets the first answer instead of a second thing. The word is written first, in the transaction that does the
 * work: the same word at the same time waits for that, and one that failed is free again.
 */
import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Context } from 'hono';
import type { Say, Transact, Tx } from '../db/index.ts';
import { NightjarError } from '../lib/errors.ts';
import { HttpRefusal } from './problem.ts';
import type { ApiEnv } from './route-parts.ts';

const KEY_CHARS_MAX = 255;
const KEPT_HOURS = 24;
const PRUNED_AT_ONCE_MAX = 100;

export interface Created<Body> {
  readonly body: Body;
  /** Where it is now. */
  readonly location: string;
}

export interface CreatedAnswer<Body> {
  readonly body: Body;
  readonly headers: Readonly<Record<string, string>>;
}

export interface CreateOptions<Body> {
  readonly transact: Transact;
  readonly create: (tx: Tx, say: Say) => Promise<Created<Body>>;
  /** Its answer holds a secret: it is not kept, and who asks again is told so. */
  readonly isShownOnce?: boolean;
}

/**
 * Throws `invalid` for a word that is none, 422 for one that stands for another request, `conflict` where the first answer
 * cannot be shown again, and what `create` throws.
 */
export async function createOnce<Body extends object>(
  c: Context<ApiEnv>,
  { transact, create, isShownOnce = false }: CreateOptions<Body>,
): Promise<CreatedAnswer<Body>> {
  const word = c.req.header('idempotency-key');
  if (word === undefined) return toAnswer(await transact(create));
  const asked = { actorId: c.get('identity').keyId, keyHash: toHash([checkWord(word)]), requestHash: hashRequest(c) };
  return transact(async (tx, say) => {
    const known = await claim(tx, asked);
    if (known) return toReplay<Body>(known, asked, isShownOnce);
    const created = await create(tx, say);
    await keep(tx, asked, isShownOnce ? { body: {}, location: created.location } : created);
    return toAnswer(created);
  });
}

interface Asked {
  readonly actorId: string;
  readonly keyHash: string;
  readonly requestHash: string;
}

interface Known {
  readonly requestHash: string;
  readonly body: string;
  readonly location: string | null;
}

/** Undefined: the word is ours from now on. Waits for whoever has it in hand. */
async function claim(tx: Tx, { actorId, keyHash, requestHash }: Asked): Promise<Known | undefined> {
  await prune(tx);
  await tx`
    delete from idempotent_answers
    where actor_id = ${actorId} and key_hash = ${keyHash} and created_at < now() - ${KEPT_HOURS} * interval '1 hour'`;
  const rows = await tx`
    insert into idempotent_answers (actor_id, key_hash, request_hash, status, body)
    values (${actorId}, ${keyHash}, ${requestHash}, 201, '{}') on conflict do nothing returning 1`;
  if (rows.length > 0) return undefined;
  const [known] = await tx<Known[]>`
    select request_hash, body::text as body, location from idempotent_answers
    where actor_id = ${actorId} and key_hash = ${keyHash}`;
  if (!known) throw new NightjarError('unavailable', 'the first answer was forgotten just now: send it again');
  return known;
}

/** A few at a time, by whoever comes along. */
async function prune(tx: Tx): Promise<void> {
  await tx`
    delete from idempotent_answers where (actor_id, key_hash) in (
      select actor_id, key_hash from idempotent_answers where created_at < now() - ${KEPT_HOURS} * interval '1 hour'
      order by created_at limit ${PRUNED_AT_ONCE_MAX} for update skip locked)`;
}

async function keep(tx: Tx, { actorId, keyHash }: Asked, { body, location }: Created<object>): Promise<void> {
  await tx`
    update idempotent_answers set body = ${JSON.stringify(body)}::text::jsonb, location = ${location}
    where actor_id = ${actorId} and key_hash = ${keyHash}`;
}

function toReplay<Body>(known: Known, { requestHash }: Asked, isShownOnce: boolean): CreatedAnswer<Body> {
  if (known.requestHash !== requestHash)
    throw new HttpRefusal(422, 'this Idempotency-Key was used for another request: take a new one for each');
  const location = known.location ?? '';
  if (isShownOnce)
    throw new NightjarError('conflict', `this was created by the first request, at ${location}; its secret was shown then, and only then: delete it, and create another`); // prettier-ignore
  // What we wrote ourselves, and only this route reads.
  const answer = toAnswer<Body>({ body: JSON.parse(known.body) as Body, location });
  return { ...answer, headers: { ...answer.headers, 'Idempotent-Replayed': 'true' } };
}

const toAnswer = <Body>({ body, location }: Created<Body>): CreatedAnswer<Body> => ({
  body,
  headers: { Location: location },
});

function checkWord(word: string): string {
  if (word.length <= KEY_CHARS_MAX && /^[\x21-\x7e]+$/.test(word)) return word;
  throw new NightjarError(
    'invalid',
    `an Idempotency-Key has 1 to ${KEY_CHARS_MAX} printable ASCII characters, no spaces`,
  );
}

/** The body as it came: body.ts has read it. */
function hashRequest(c: Context<ApiEnv>): string {
  const { method = '', url = '', rawBody }: IncomingMessage & { rawBody?: Buffer } = c.env.incoming;
  return toHash([method, url, rawBody ?? '']);
}

function toHash(parts: readonly (string | Buffer)[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part).update('\0');
  return hash.digest('hex');
}
