import type { IncomingMessage } from 'node:http';

const LOOPBACK_PEER = /^(::ffff:)?127\.|^::1$/;
/** A name of ours only: a page whose own name was made to point at this machine (DNS rebinding) sends that. */
const LOOPBACK_HOST = /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d{1,5})?$/i;
/** What a proxy here passes on comes from elsewhere, and says so. */
const PASSED_ON = ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-real-ip', 'via'];
/** `none`: the person did it, as by the address bar. */
const OWN_SITES = [undefined, 'none', 'same-origin'];

/** Whether a program of this very machine asks, or a person in its browser; and not a page that the browser shows. */
export function isOwnMachine({ socket, headers }: IncomingMessage): boolean {
  const isPassedOn = PASSED_ON.some((name) => headers[name] !== undefined);
  const isPage = headers.origin !== undefined || !OWN_SITES.includes(headers['sec-fetch-site']);
  const isHere = LOOPBACK_PEER.test(socket.remoteAddress ?? '') && LOOPBACK_HOST.test(headers.host ?? '');
  return isHere && !isPassedOn && !isPage;
}
