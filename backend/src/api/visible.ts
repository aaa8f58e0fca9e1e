/** Keys may be limited to some cameras: whoever has one sees nothing of the others, not even that they are there. */
import type { Context } from 'hono';
import { NightjarError } from '../lib/errors.ts';
import type { Identity } from './auth.ts';
import type { ApiEnv } from './route-parts.ts';

/** The cameras that whoever asks may see; null for all. */
export function camerasOf(c: Context<ApiEnv>): readonly string[] | null {
  const identity: Identity | undefined = c.get('identity');
  return identity?.cameraIds ?? null;
}

export function isVisible(c: Context<ApiEnv>, cameraId: string): boolean {
  const cameraIds = camerasOf(c);
  return cameraIds === null || cameraIds.includes(cameraId);
}

/** What belongs to a camera that may be seen; throws `not_found` with `message` for what does not, and for nothing. */
export function assertVisible<T extends { readonly cameraId: string }>(
  c: Context<ApiEnv>,
  found: T | undefined,
  message: string,
): T {
  if (found === undefined || !isVisible(c, found.cameraId)) throw new NightjarError('not_found', message);
  return found;
}
