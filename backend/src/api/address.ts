import type { Context } from 'hono';
import type { ApiEnv } from './route-parts.ts';

/** Where a request comes from; null once its connection is gone. */
export const addressOf = (c: Context<ApiEnv>): string | null => c.env.incoming.socket.remoteAddress ?? null;
