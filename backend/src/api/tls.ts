/**
 * TLS with certificates that are renewed while we run. Both files are read again every few seconds and compared: whatever
 * a renewal does to them (writes in place, renames, swaps links), it shows in the bytes. A half-written file, or a
 * certificate whose key has not come yet, is no pair, and the old one stays. Connections that are open keep what they
 * shook hands on.
 */
import type { Server } from 'node:https';
import {
  readCertificate,
  readCertificateText,
  toCertificate,
  toExpiryWarning,
  type Certificate,
  type CertificateFiles,
  type CertificateText,
} from '../lib/certificate.ts';
import type { Clock } from '../lib/clock.ts';
import { toMessage } from '../lib/errors.ts';
import type { Logger } from '../lib/log.ts';
import { createLoop } from '../lib/loop.ts';

const LOOK_EVERY_MS = 10_000;
const WARN_EVERY_MS = 24 * 3_600_000;
/** What is older is broken, and no client of today needs it. */
const VERSION_MIN = 'TLSv1.2';

export interface TlsOptions extends CertificateFiles {
  readonly lookEveryMs?: number;
}

export interface Tls {
  /** For the server as it starts. */
  readonly context: { readonly cert: Buffer; readonly key: Buffer; readonly minVersion: 'TLSv1.2' };
  /** From now on the server shows what the files hold. */
  follow(server: Pick<Server, 'setSecureContext'>): void;
  close(): Promise<void>;
}

/** Throws `invalid` when there is no usable pair of files to start with. */
export async function openTls(options: TlsOptions, { clock, log }: { clock: Clock; log: Logger }): Promise<Tls> {
  let current: Certificate = await readCertificate(options);
  let refused: string | undefined;
  let warnedMs = -Infinity;
  let closeLoop = (): Promise<void> => Promise.resolve();

  function warn(): void {
    const warning = toExpiryWarning(current, clock.nowMs());
    if (warning === undefined || clock.nowMs() - warnedMs < WARN_EVERY_MS) return;
    warnedMs = clock.nowMs();
    log.warn({ valid_until: current.validUntil }, warning);
  }

  function use(server: Pick<Server, 'setSecureContext'>, text: CertificateText): void {
    const next = toCertificate(text);
    server.setSecureContext(toContext(next));
    current = next;
    warnedMs = -Infinity;
    log.info({ valid_until: next.validUntil }, 'the TLS certificate was renewed');
  }

  async function look(server: Pick<Server, 'setSecureContext'>): Promise<boolean> {
    try {
      const text = await readCertificateText(options);
      if (!isSame(text, current)) use(server, text);
      refused = undefined;
    } catch (thrown) {
      const reason = toMessage(thrown);
      // Once for each reason: it is looked at again in a moment, and nothing is lost as long as the old one holds.
      if (reason !== refused) log.warn({ err: thrown }, `the old TLS certificate stays in use: ${reason}`);
      refused = reason;
    }
    warn();
    return false;
  }

  return {
    context: toContext(current),
    follow(server) {
      const idleMs = options.lookEveryMs ?? LOOK_EVERY_MS;
      closeLoop = createLoop({ name: 'TLS certificate', clock, log, idleMs, runOnce: () => look(server) }).close;
    },
    close: () => closeLoop(),
  };
}

const toContext = ({ cert, key }: CertificateText) => ({ cert, key, minVersion: VERSION_MIN }) as const;
const isSame = (one: CertificateText, other: CertificateText): boolean =>
  one.cert.equals(other.cert) && one.key.equals(other.key);
