import type { Context } from 'hono';
import { clientOf } from './client.ts';
import type { ApiEnv } from './route-parts.ts';

/** Where a request comes from; null once its connection is gone. */
export const addressOf = (c: Context<ApiEnv>): string | null => clientOf(c.env.incoming).address;
