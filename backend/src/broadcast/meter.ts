import type { ErrorKind } from '../lib/errors.ts';

/** Told of what happens to sockets. `sent` is called for every message to every client: it must cost nothing. */
export interface SocketMeter {
  opened(): void;
  /** Null: the client made up a code. */
  closed(code: number | null): void;
  /** `limited`: this one asks too often, or has too many sockets; `overloaded`: there are too many in all. */
  refused(kind: ErrorKind | 'limited'): void;
  sent(bytes: number): void;
}
