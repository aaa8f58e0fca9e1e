/**
 * The broadcast room: how what happened reaches the dashboards. In come durable messages, numbered and stored by
 * `publish` as the last act of the transaction they tell of; `bus.publish` hints at them after the commit. Out they go
 * over WebSocket, each to every client that may see it and asked for it, exactly once and in order; a client that was
 * away names the last `seq` it saw and gets the rest from the database.
 *
 * What can fail: the bus (Redis away: other processes hear of a message by polling, within `pollMs`), the database
 * (replays wait and try again; live messages of this process still pass), a client (closed, never waited for).
 * Which limits hold: limits.ts for sockets, the constants at the top of hub.ts and bus-redis.ts for the rest.
 */
export { createLocalBus, type Bus, type BusHealth } from './bus.ts';
export { createRedisBus, redisPart } from './bus-redis.ts';
export { toCameraIdOf } from './delivery.ts';
export type { Grant } from './connection.ts';
export { createHub, type Hub } from './hub.ts';
export { socketLimits, type SocketLimits } from './limits.ts';
export { prune, publish, readAfter, readHouseId, readLatest, readOldest } from './outbox.ts';
export { createSocketServer, type SocketServer, type StatusView } from './sockets.ts';
export { createPruner, createTransact } from './transact.ts';
