/** The certificate that we show, and its key: two PEM files, which somebody else renews. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import { errorCode, NightjarError, toMessage } from './errors.ts';

const DAY_MS = 86_400_000;
/** Renewals are tried long before: by then something is wrong with them. */
export const EXPIRY_WARNING_DAYS = 14;

export interface CertificateFiles {
  /** The certificate, and those between it and its root. */
  readonly certFile: string;
  readonly keyFile: string;
}

export interface CertificateText {
  readonly cert: Buffer;
  readonly key: Buffer;
}

export interface Certificate extends CertificateText {
  readonly validUntil: Date;
}

/** Throws `invalid`, saying which file is the matter. */
export async function readCertificateText({ certFile, keyFile }: CertificateFiles): Promise<CertificateText> {
  return { cert: await read('TLS_CERT', certFile), key: await read('TLS_KEY', keyFile) };
}

/** Throws `invalid` for what is no certificate, no key, or a key of another certificate. */
export function toCertificate({ cert, key }: CertificateText): Certificate {
  const certificate = parse('TLS_CERT is no certificate in PEM form', () => new X509Certificate(cert));
  const privateKey = parse('TLS_KEY is no private key in PEM form without a passphrase', () => createPrivateKey(key));
  if (!certificate.checkPrivateKey(privateKey))
    throw new NightjarError('invalid', 'TLS_KEY is not the key of the certificate in TLS_CERT');
  parse('TLS_CERT and TLS_KEY cannot be used', () => createSecureContext({ cert, key }));
  return { cert, key, validUntil: new Date(certificate.validTo) };
}

export const readCertificate = async (files: CertificateFiles): Promise<Certificate> =>
  toCertificate(await readCertificateText(files));

/** In words, when it ends soon or has ended; undefined when it does not. */
export function toExpiryWarning({ validUntil }: Pick<Certificate, 'validUntil'>, nowMs: number): string | undefined {
  const leftMs = validUntil.getTime() - nowMs;
  const until = validUntil.toISOString();
  if (leftMs <= 0) return `the TLS certificate ended on ${until}: clients refuse it`;
  if (leftMs > EXPIRY_WARNING_DAYS * DAY_MS) return undefined;
  return `the TLS certificate ends in ${Math.floor(leftMs / DAY_MS)} days, on ${until}: is it being renewed?`;
}

async function read(name: string, file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (cause) {
    throw new NightjarError('invalid', `${name}: ${file} cannot be read (${errorCode(cause) ?? toMessage(cause)})`, { cause }); // prettier-ignore
  }
}

function parse<T>(fault: string, run: () => T): T {
  try {
    return run();
  } catch (cause) {
    throw new NightjarError('invalid', `${fault}: ${toMessage(cause)}`, { cause });
  }
}
