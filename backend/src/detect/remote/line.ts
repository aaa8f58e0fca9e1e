/**
 * Those who wait for a place at a server, in their order. Each gets a place at the best server that has one, if
 * possible at none that has failed it before. When no server is left everyone is sent away at once; while servers only
 * rest, everyone waits.
 */
import type { Clock } from '../../lib/clock.ts';
import { NightjarError } from '../../lib/errors.ts';

/** Calls that may wait, for each slot; the queue keeps only a few in flight, this bounds everybody else. */
const WAITING_PER_SLOT_MAX = 16;

/** A server as the line sees it. */
export interface Seat {
  readonly address: string;
  /** Why it is not used; null while it is. */
  fault(): string | null;
  /** Milliseconds that it wants to be left alone for, if nothing else is wrong with it; null otherwise. */
  restMs(): number | null;
  freeSlots(): number;
  /** How much of the work it should get, compared with others. */
  weight(): number;
  take(): void;
  give(): void;
}

export interface LineOptions<Server extends Seat> {
  readonly servers: readonly Server[];
  /** All places of all servers. */
  readonly slots: number;
  readonly clock: Clock;
  /** 0..1, below 1. */
  readonly random: () => number;
}

export interface Line<Server extends Seat> {
  /** A place at a server, to be given back. Throws `overloaded` when the line is too long or nothing gets free in time, `unavailable` when no server is left. */
  enter(wish: { readonly avoid: ReadonlySet<Server>; readonly untilMs: number }): Promise<Server>;
  leave(server: Server): void;
  /** Something may have changed. */
  dispatch(): void;
  /** Why nobody is served; null while someone is. */
  fault(): string | null;
  close(): void;
}

interface Waiting<Server> {
  readonly avoid: ReadonlySet<Server>;
  readonly resolve: (server: Server) => void;
  readonly reject: (error: NightjarError) => void;
  readonly over: AbortController;
}

export function createLine<Server extends Seat>({ servers, slots, clock, random }: LineOptions<Server>): Line<Server> {
  const waiting: Waiting<Server>[] = [];
  let isClosed = false;

  const isUsable = (server: Server): boolean => server.fault() === null;
  const fault = (): string | null => {
    if (isClosed) return 'the detector is closed';
    if (servers.some(isUsable)) return null;
    return servers.map((server) => `${server.address}: ${server.fault() ?? ''}`).join('; ');
  };

  function end(one: Waiting<Server>, error: NightjarError): void {
    if (waiting.includes(one)) waiting.splice(waiting.indexOf(one), 1);
    one.over.abort();
    one.reject(error);
  }

  function seat(one: Waiting<Server>): void {
    const usable = servers.filter(isUsable);
    const others = usable.filter((server) => !one.avoid.has(server));
    const server = choose(others.length > 0 ? others : usable, random);
    if (!server) return;
    waiting.splice(waiting.indexOf(one), 1);
    server.take();
    one.over.abort();
    one.resolve(server);
  }

  function dispatch(): void {
    const reason = fault();
    if (reason !== null && (isClosed || servers.every((server) => server.restMs() === null)))
      for (const one of [...waiting]) end(one, new NightjarError('unavailable', `no detector server: ${reason}`));
    // Not only the first: the place that is free may be the one it avoids.
    else for (const one of [...waiting]) seat(one);
  }

  return {
    enter: ({ avoid, untilMs }) =>
      new Promise((resolve, reject) => {
        if (waiting.length >= slots * WAITING_PER_SLOT_MAX)
          return reject(new NightjarError('overloaded', `${waiting.length} calls wait for a detector server`));
        const one = { avoid, resolve, reject, over: new AbortController() };
        waiting.push(one);
        dispatch();
        if (one.over.signal.aborted) return undefined;
        void clock.sleep(untilMs - clock.nowMs(), one.over.signal).then(() => {
          if (!one.over.signal.aborted)
            end(one, new NightjarError('overloaded', 'no detector server was free in time'));
        });
        return undefined;
      }),
    leave(server) {
      server.give();
      dispatch();
    },
    dispatch,
    fault,
    close() {
      isClosed = true;
      dispatch();
    },
  };
}

/** By chance, in proportion to weight, so that each server is heard of now and then; undefined when none has a place. */
export function choose<Server extends Seat>(servers: readonly Server[], random: () => number): Server | undefined {
  const free = servers.filter((server) => server.freeSlots() > 0);
  let mark = random() * free.reduce((sum, server) => sum + server.weight(), 0);
  return free.find((server) => (mark -= server.weight()) < 0) ?? free.at(-1);
}
