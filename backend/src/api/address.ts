import type { IncomingMessage } from 'node:http';
import type { Context } from 'hono';
import { clientOf } from './client.ts';
import type { ApiEnv } from './route-parts.ts';

/** Where a request comes from; null once its connection is gone. */
export const peerOf = (request: IncomingMessage): string | null => clientOf(request).address;

export const addressOf = (c: Context<ApiEnv>): string | null => peerOf(c.env.incoming);
