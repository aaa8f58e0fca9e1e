import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

/** A certificate for `localhost` that nobody trusts who is not told to, as PEM. */
export async function createCertificate(): Promise<{ readonly key: string; readonly cert: string }> {
  const folder = await mkdtemp(path.join(tmpdir(), 'nightjar-certificate-'));
  const file = (name: string): string => path.join(folder, name);
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  const name = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
  await promisify(execFile)('openssl', [
    'req',
    '-x509',
    ...kind,
    ...name,
    '-keyout',
    file('key'),
    '-out',
    file('cert'),
  ]);
  const pem = { key: await readFile(file('key'), 'utf8'), cert: await readFile(file('cert'), 'utf8') };
  await rm(folder, { recursive: true });
  return pem;
}
