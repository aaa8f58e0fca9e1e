import type { ErrorKind } from '../lib/errors.ts';

/** Told of what happens to sockets. `sent` is called for every message to every client: it must cost nothing. */
export interface SocketMeter {
  opened(): void;
  closed(code: number): void;
  refused(kind: ErrorKind): void;
  sent(bytes: number): void;
}
