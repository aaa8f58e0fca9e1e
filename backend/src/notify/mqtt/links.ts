/**
 * The connections to brokers, one for each channel of MQTT that is switched on. Of several processes one is elected to keep
 * them all (a lock in the database): two would tell each other's will. It is the one that sends these channels' alerts, too.
 */
import { createElection, listenFor, MQTT_OFFICE, type Database, type DatabaseTarget } from '../../db/index.ts';
import { createLoop } from '../../lib/loop.ts';
import { NightjarError, toMessage } from '../../lib/errors.ts';
import { CHANNELS_CHANNEL, mqttSettings, type MqttSettings } from '../../model/channel.ts';
import type { Message } from '../../model/wire.ts';
import type { Senders } from '../kinds/index.ts';
import { createLeftovers } from './leftovers.ts';
import { createLink, type Link, type LinkOptions } from './link.ts';
import { readPresent } from './present.ts';

const LOOK_EVERY_MS = 2_000;

export interface LinksOptions extends Pick<LinkOptions, 'guard' | 'clock' | 'log' | 'readPicture'> {
  readonly db: Database;
  readonly target: DatabaseTarget;
  /** Hints that something has changed; see the bus. Returns the way out. */
  readonly subscribe: (onMessages: (messages: readonly Message[]) => void) => () => void;
}

export interface Links {
  /** The channels whose connections this process keeps. */
  ids(): readonly string[];
  readonly send: Senders['mqtt'];
  close(): Promise<void>;
}

interface ChannelRow {
  readonly id: string;
  readonly name: string;
  readonly enabled: boolean;
  readonly settings: unknown;
}

interface Kept {
  readonly link: Link;
  readonly settings: MqttSettings;
}

export function createLinks(options: LinksOptions): Links {
  const { db, target, clock, log, subscribe } = options;
  const election = createElection(target, MQTT_OFFICE);
  const links = new Map<string, Kept>();
  const leftovers = createLeftovers(options);
  let isElected = false;

  function open(channel: LinkOptions['channel']): Kept {
    const present = () => db.query(readPresent);
    const link = createLink({ ...options, channel, mayConnect: () => isElected, readPresent: present });
    return { link, settings: channel.settings };
  }

  async function drop(id: string, manner: Parameters<Link['close']>[0]): Promise<void> {
    const kept = links.get(id);
    links.delete(id);
    await kept?.link.close(manner);
  }

  const dropAll = (manner: Parameters<Link['close']>[0]): Promise<unknown> =>
    Promise.all([...links.keys()].map((id) => drop(id, manner)));

  async function attend(row: ChannelRow): Promise<void> {
    const kept = links.get(row.id);
    const settings = row.enabled ? parseSettings(row) : undefined;
    if (!settings) return kept ? drop(row.id, 'away') : undefined;
    if (kept && JSON.stringify(kept.settings) === JSON.stringify(settings)) return;
    if (kept) await drop(row.id, isSamePlace(kept.settings, settings) ? 'away' : 'forgotten');
    links.set(row.id, open({ ...row, settings }));
  }

  function parseSettings(row: ChannelRow): MqttSettings | undefined {
    const parsed = mqttSettings.safeParse(row.settings);
    if (!parsed.success) log.debug({ channel_id: row.id, reason: toMessage(parsed.error) }, 'settings that are not known here'); // prettier-ignore
    return parsed.data;
  }

  function lookBack(rows: readonly ChannelRow[]): void {
    const known = rows.flatMap((row) => {
      const settings = parseSettings(row);
      return settings ? [{ id: row.id, enabled: row.enabled, settings }] : [];
    });
    const used = known.map(({ settings }) => settings);
    leftovers.see({ off: known.filter(({ enabled }) => !enabled), used, mayAct: isElected });
  }

  async function runOnce(): Promise<boolean> {
    const rows = await db.query((sql) => sql<ChannelRow[]>`select id, name, enabled, settings from channels where kind = 'mqtt' order by id`); // prettier-ignore
    if (rows.length === 0 && links.size === 0 && leftovers.isEmpty()) return false;
    isElected = await election.isElected().catch((thrown: unknown) => {
      isElected = false; // what is connected stays so; nothing is connected anew
      throw thrown;
    });
    if (!isElected) await dropAll('handed on');
    lookBack(rows);
    const gone = [...links.keys()].filter((id) => !rows.some((row) => row.id === id));
    // Before the others, one of which may have the place of one that is gone.
    await Promise.all(gone.map((id) => drop(id, 'forgotten')));
    if (isElected) await Promise.all(rows.map(attend));
    return false;
  }

  const loop = createLoop({ name: 'brokers', clock, log, idleMs: LOOK_EVERY_MS, runOnce });
  const notices = listenFor(db, CHANNELS_CHANNEL, loop.wake, log);
  const leave = subscribe((messages) => {
    if (messages.length === 0 || messages.some(isShown)) for (const { link } of links.values()) link.wake();
  });
  return {
    ids: () => [...links.keys()],
    send: (channelId) => async (sent) => {
      const kept = links.get(channelId);
      if (!kept) throw new NightjarError('unavailable', 'another process keeps the connection to this broker');
      return kept.link.send(sent);
    },
    async close() {
      leave();
      await notices.close();
      await loop.close();
      await leftovers.close();
      await dropAll('away');
      await election.close();
    },
  };
}

const isShown = ({ type }: Message): boolean => /^(event|camera|alert)\./.test(type);

/** Where its words are retained: at another place they would be left behind. */
const isSamePlace = (a: MqttSettings, b: MqttSettings): boolean =>
  a.url === b.url && a.base_topic === b.base_topic && a.discovery_prefix === b.discovery_prefix;
