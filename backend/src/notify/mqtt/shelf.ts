/** What is retained at the broker, as far as we know, and how it becomes what it should be. */
import { setImmediate as turn } from 'node:timers/promises';
import type { Logger } from '../../lib/log.ts';
import type { MqttSettings } from '../../model/channel.ts';
import type { ReadPicture } from '../attempt.ts';
import type { Connection } from './connection.ts';
import type { Retained } from './present.ts';
import { toRetainedTopics } from './topics.ts';

/** Few, so that pictures over a slow line are each taken within the time that a broker has to answer. */
const AT_ONCE_MAX = 8;
/** Of cameras that the broker speaks of: somebody else may write there too. */
const FOUND_MAX = 20_000;

export interface ShelfOptions {
  readonly channel: { readonly settings: MqttSettings };
  readonly readPicture: ReadPicture;
  readonly log: Logger;
}

/** By topic; null when something is there and nobody knows what. */
export function createShelf({ channel, readPicture, log }: ShelfOptions) {
  const there = new Map<string, string | null>();

  async function toBytes(wanted: Retained): Promise<string | Buffer | undefined> {
    if ('text' in wanted) return wanted.text;
    try {
      return (await readPicture(wanted.frameId)) ?? undefined;
    } catch (thrown) {
      log.debug({ frame_id: wanted.frameId, err: thrown }, 'a picture cannot be shown at the broker');
      return undefined;
    }
  }

  async function fillOne(topic: string, wanted: Retained, publish: Connection['publish']): Promise<void> {
    const payload = await toBytes(wanted);
    // Without the picture the one of before stays; it is not asked for again until there is another.
    if (payload !== undefined) await publish(topic, payload, { retain: true });
    there.set(topic, toMark(wanted));
  }

  async function remove(topic: string, publish: Connection['publish']): Promise<void> {
    await publish(topic, '', { retain: true });
    there.delete(topic);
  }

  return {
    clear: () => there.clear(),
    put: (topic: string, retained: Retained) => void there.set(topic, toMark(retained)),
    /** The broker knows of this camera; whether we still do, the next filling shows. */
    found(cameraId: string): void {
      if (there.size >= FOUND_MAX) return;
      for (const topic of toRetainedTopics(channel.settings, cameraId)) if (!there.has(topic)) there.set(topic, null);
    },
    tellAgain(): void {
      for (const topic of there.keys()) there.set(topic, null);
    },
    /** Publishes what differs, and takes away what is not wanted. */
    async fill(wanted: ReadonlyMap<string, Retained>, publish: Connection['publish']): Promise<void> {
      const changes = [
        ...[...there.keys()].filter((topic) => !wanted.has(topic)).map((topic) => () => remove(topic, publish)),
        ...[...wanted]
          .filter(([topic, retained]) => there.get(topic) !== toMark(retained))
          .map(
            ([topic, retained]) =>
              () =>
                fillOne(topic, retained, publish),
          ),
      ];
      while (changes.length > 0) {
        await Promise.all(changes.splice(0, AT_ONCE_MAX).map((change) => change()));
        await turn();
      }
    },
  };
}

const toMark = (retained: Retained): string =>
  'text' in retained ? `text ${retained.text}` : `frame ${retained.frameId}`;
