/** A real S3-compatible server on loopback: OpenStack Swift, as Debian's python3-swift has it (s3-swift.py starts it). */
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { eventually } from '../harness/eventually.ts';

const starter = fileURLToPath(new URL('s3-swift.py', import.meta.url));
/** The packages of Debian are those of its own Python, whatever other is first in the path. */
const PYTHON = '/usr/bin/python3';
const START_MS_MAX = 30_000;
export const S3_BUCKET = 'nightjar';
export const s3Credentials = { accessKeyId: 'house:nightjar', secretAccessKey: 'a-secret-for-tests' };

export interface S3Server {
  /** `http://127.0.0.1:port`, with the bucket `nightjar` */
  readonly endpoint: string;
  readonly client: S3Client;
  close(): Promise<void>;
}

export async function startS3Server(): Promise<S3Server> {
  const folder = await mkdtemp(path.join(tmpdir(), 'nightjar-s3-'));
  const { accessKeyId, secretAccessKey } = s3Credentials;
  const child = spawn(PYTHON, [starter, folder, accessKeyId, secretAccessKey], { stdio: ['ignore', 'pipe', 'pipe'] });
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const)
    child[name].setEncoding('utf8').on('data', (chunk: string) => (output[name] += chunk));
  const ended = once(child, 'close');
  const close = async (): Promise<void> => {
    child.kill('SIGKILL');
    await ended;
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const port = await eventually(
      () => {
        if (child.exitCode !== null) throw new Error(`Swift did not start (./setup.sh --test installs it): ${output.stderr}`); // prettier-ignore
        return /listening on (\d+)/.exec(output.stdout)?.[1];
      },
      { withinMs: START_MS_MAX, what: 'the start of Swift' },
    );
    const endpoint = `http://127.0.0.1:${port}`;
    const client = new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true, credentials: s3Credentials });
    await client.send(new CreateBucketCommand({ Bucket: S3_BUCKET }));
    return { endpoint, client, close };
  } catch (thrown) {
    await close();
    throw thrown;
  }
}
