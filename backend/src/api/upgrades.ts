import { IncomingMessage } from 'node:http';

/**
 * A request that asks for a protocol which is not spoken here is an ordinary one (RFC 9110, section 7.8): `curl --http2` and
 * the HttpClient of Java ask for `h2c` by the way, and want their answer all the same. Node takes every `Upgrade` for one,
 * once somebody listens for any; but it asks the request itself.
 */
export class PlainUnlessSocket extends IncomingMessage {
  private asked: boolean | null | undefined;

  get upgrade(): boolean {
    return this.asked === true && (this.method === 'CONNECT' || asksForSocket(this));
  }

  set upgrade(asked: boolean | null) {
    this.asked = asked;
  }
}

const asksForSocket = ({ headers }: IncomingMessage): boolean => headers.upgrade?.toLowerCase() === 'websocket';
