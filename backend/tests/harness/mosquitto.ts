import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { connectAsync, type MqttClient } from 'mqtt';
import { eventually } from './eventually.ts';
import { freePort } from './redis.ts';

export interface Mosquitto {
  readonly url: string;
  readonly port: number;
  /** Encrypted, where there is a certificate. */
  readonly encryptedUrl: string;
  /** Ends it at once, with all that it retained; `startMosquitto({ port })` brings it back empty. */
  close(): Promise<void>;
}

export interface MosquittoOptions {
  readonly port?: number;
  readonly settings?: readonly string[];
  /** For a second listener, encrypted, on the name `localhost`. */
  readonly certificate?: { readonly key: string; readonly cert: string };
}

/** A real broker on a free loopback port (or the one given), that keeps nothing on disk. With `settings`, lines of its own. */
export async function startMosquitto(options: MosquittoOptions = {}): Promise<Mosquitto> {
  const { port, settings = ['allow_anonymous true'], certificate } = options;
  const home = await mkdtemp(path.join(tmpdir(), 'nightjar-mosquitto-'));
  const chosen = port ?? (await freePort());
  const user = process.getuid?.() === 0 ? ['user root'] : [];
  const file = path.join(home, 'mosquitto.conf');
  const encryptedPort = await freePort();
  const lines = [...user, `listener ${chosen} 127.0.0.1`, 'persistence false', ...settings];
  if (certificate) {
    await writeFile(path.join(home, 'key'), certificate.key);
    await writeFile(path.join(home, 'cert'), certificate.cert);
    lines.push(
      `listener ${encryptedPort} 127.0.0.1`,
      `keyfile ${path.join(home, 'key')}`,
      `certfile ${path.join(home, 'cert')}`,
    );
  }
  await writeFile(file, `${lines.join('\n')}\n`);
  const env = { PATH: `${process.env['PATH']}:/usr/sbin:/usr/local/sbin` };
  const child = spawn('mosquitto', ['-c', file], { env, stdio: 'ignore' });
  const failed = once(child, 'error').then(([error]: unknown[]) => {
    throw new Error('mosquitto could not be started: ./setup.sh --test installs it', { cause: error });
  });
  const url = `mqtt://127.0.0.1:${chosen}`;
  await Promise.race([failed, eventually(() => canConnect(url), { what: 'mosquitto' })]);
  return {
    url,
    encryptedUrl: `mqtts://localhost:${encryptedPort}`,
    port: chosen,
    async close() {
      const closed = once(child, 'close');
      if (child.exitCode === null && child.signalCode === null && child.kill('SIGKILL')) await closed;
      await rm(home, { recursive: true, force: true });
    },
  };
}

/** Also a broker that refuses us answers, and so is there. */
async function canConnect(url: string): Promise<boolean> {
  try {
    const client = await connectAsync(url, { reconnectPeriod: 0, connectTimeout: 1_000 }, false);
    await client.endAsync(true);
    return true;
  } catch (thrown) {
    return typeof (thrown as { code?: unknown }).code === 'number';
  }
}

export interface Heard {
  readonly topic: string;
  readonly payload: Buffer;
  readonly isRetained: boolean;
}

/** Home Assistant's side: hears all topics. */
export interface TestSubscriber {
  readonly client: MqttClient;
  readonly heard: readonly Heard[];
  /** The last on a topic, once there is one that passes. */
  last(topic: string, passes?: (payload: string) => boolean): Promise<Buffer>;
  close(): Promise<void>;
}

export async function subscribeToAll(url: string): Promise<TestSubscriber> {
  const client = await connectAsync(url, { reconnectPeriod: 0 }, false);
  const heard: Heard[] = [];
  client.on('message', (topic, payload, { retain }) => heard.push({ topic, payload, isRetained: retain }));
  await client.subscribeAsync('#', { qos: 1 });
  return {
    client,
    heard,
    last: (topic, passes = () => true) =>
      eventually(
        () => {
          const payload = heard.filter((one) => one.topic === topic).at(-1)?.payload;
          return payload !== undefined && passes(payload.toString()) ? payload : undefined;
        },
        { what: `a message on ${topic}` },
      ),
    close: () => client.endAsync(true),
  };
}

/** What a newcomer is told: all that is retained now. */
export async function readRetained(url: string): Promise<ReadonlyMap<string, Buffer>> {
  const subscriber = await subscribeToAll(url);
  const marker = `marker/${Math.random()}`;
  // Retained messages come before what is published after the subscription.
  await subscriber.client.publishAsync(marker, 'x', { qos: 1 });
  await subscriber.last(marker);
  const retained = new Map(subscriber.heard.filter(({ isRetained }) => isRetained).map(({ topic, payload }) => [topic, payload])); // prettier-ignore
  await subscriber.close();
  return retained;
}
