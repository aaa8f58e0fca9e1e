import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface TestCertificate {
  readonly cert: Buffer;
  readonly key: Buffer;
}

/** Signed by itself, for `localhost` and 127.0.0.1, made by the real openssl. */
export async function makeCertificate({ name = 'localhost', days = 90 } = {}): Promise<TestCertificate> {
  const dir = await mkdtemp(path.join(tmpdir(), 'nightjar-cert-'));
  const [certFile, keyFile] = [path.join(dir, 'cert.pem'), path.join(dir, 'key.pem')];
  try {
    await run('openssl', [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', `${days}`],
      ...['-subj', `/CN=${name}`, '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'],
      ...['-keyout', keyFile, '-out', certFile],
    ]);
    return { cert: await readFile(certFile), key: await readFile(keyFile) };
  } finally {
    await rm(dir, { recursive: true });
  }
}
