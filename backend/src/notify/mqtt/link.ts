/**
 * The connection that is kept for one channel. In prose: connect, with a will that says `offline`; say `online`; listen to
 * what discovery knows of us and for the birth of Home Assistant; then tell whatever is retained and is not as it should be,
 * now and whenever something may have changed. What the broker still knows of cameras that are no more is removed.
 */
import type { Database } from '../../db/index.ts';
import type { Clock } from '../../lib/clock.ts';
import { NightjarError, toMessage } from '../../lib/errors.ts';
import type { Logger } from '../../lib/log.ts';
import { createLoop } from '../../lib/loop.ts';
import { createPart } from '../../lib/part.ts';
import { answerWithin, withTimeLimit } from '../../lib/time-limit.ts';
import type { MqttSettings } from '../../model/channel.ts';
import type { ReadPicture } from '../attempt.ts';
import type { Guard } from '../guard.ts';
import { late } from '../http.ts';
import type { Outgoing, SendOptions } from '../kinds/kind.ts';
import { toAlertMessage } from './alert-message.ts';
import { connectToBroker, type Connection } from './connection.ts';
import { toRetained, type PresentCamera } from './present.ts';
import { createShelf } from './shelf.ts';
import { TAKEN } from './send-once.ts';
import { createPatience } from './patience.ts';
import { createTrouble } from './trouble.ts';
import { parseConfigTopic, toBirthTopic, toConfigFilter, toStateTopic, toStatusTopic } from './topics.ts';

const CONNECT_MS_MAX = 10_000;
const LOOK_EVERY_MS = 5_000;
/** Between two looks: a camera that sees much is told of five times a second at most. */
const PACE_MS = 200;
/** How long a delivery waits for a connection that is just being made. */
const WAIT_MS_MAX = 5_000;
const WAIT_STEP_MS = 50;
/** All of leaving: it holds up the other brokers, and the end of the process. */
const LEAVE_MS_MAX = 2_000;

export interface LinkOptions {
  readonly db: Pick<Database, 'query'>;
  readonly channel: { readonly id: string; readonly name: string; readonly settings: MqttSettings };
  readonly guard: Guard;
  readonly clock: Clock;
  readonly log: Logger;
  /** Whether it is still ours to connect. */
  readonly mayConnect: () => boolean;
  readonly readPresent: () => Promise<readonly PresentCamera[]>;
  readonly readPicture: ReadPicture;
}

export interface Link {
  /** Something may have changed. */
  wake(): void;
  send(options: Pick<SendOptions<MqttSettings>, 'outgoing' | 'signal'>): Promise<string>;
  /** `away`: says that we are. `handed on`: says nothing, for another goes on. `forgotten`: takes back all it has told. */
  close(manner: 'away' | 'handed on' | 'forgotten'): Promise<void>;
}

export function createLink(options: LinkOptions): Link {
  const { channel, guard, clock, log, mayConnect, readPresent } = options;
  const { settings } = channel;
  const shelf = createShelf(options);
  const part = createPart({ name: `broker of "${channel.name}"`, consequence: 'its alerts wait', clock, log });
  const trouble = createTrouble({ ...options, channelId: channel.id });
  let connection: Connection | undefined;
  const patience = createPatience({ clock, onDuel });
  let cameras = new Set<string>();

  async function connect(signal: AbortSignal): Promise<void> {
    const will = { topic: toStatusTopic(settings), payload: Buffer.from('offline'), qos: 1, retain: true } as const;
    // Always the same: should another process still hold the connection of before, the broker ends that one first.
    const clientId = `nightjar-${channel.id.slice(-12)}`;
    const opened = await withTimeLimit({ timeoutMs: CONNECT_MS_MAX, clock, late, signal }, async (within) => {
      const fresh = await connectToBroker(settings, { clientId, will, guard, clock, signal: within });
      within.addEventListener('abort', fresh.cut, { once: true });
      await greet(fresh);
      return fresh;
    });
    connection = opened;
    patience.met();
    void opened.closed.then(() => {
      if (connection === opened) connection = undefined;
      patience.lost();
      loop.wake();
    });
    part.back();
    await trouble.ended();
  }

  async function greet({ client, subscribe, publish }: Connection): Promise<void> {
    client.on('message', (topic, payload, { retain }) => onMessage(topic, payload, retain));
    shelf.clear();
    // A broker may not let us listen: then we only cannot take back what we told before our last end.
    await subscribe([toConfigFilter(settings), toBirthTopic(settings)]).catch((thrown: unknown) =>
      log.warn({ channel_id: channel.id, err: thrown }, 'the broker does not let us hear of Home Assistant'),
    );
    await publish(toStatusTopic(settings), 'online', { retain: true });
  }

  function onDuel(): void {
    log.warn(
      { channel_id: channel.id },
      `the broker of "${channel.name}" ends our connection again and again: does a copy of this house, with the same channel, run elsewhere?`,
    );
  }

  function onMessage(topic: string, payload: Buffer, isRetained: boolean): void {
    if (payload.length === 0) return; // the echo of a removal
    const cameraId = parseConfigTopic(settings, topic);
    if (cameraId !== undefined) shelf.found(cameraId);
    else if (topic === toBirthTopic(settings) && payload.toString() === 'online' && !isRetained) shelf.tellAgain();
    else return;
    loop.wake();
  }

  async function tell({ publish }: Connection): Promise<void> {
    const present = await readPresent();
    cameras = new Set(present.map(({ id }) => id));
    await shelf.fill(toRetained(settings, present), publish);
  }

  async function runOnce(signal: AbortSignal): Promise<boolean> {
    if (!connection) {
      await clock.sleep(patience.leftMs(), signal);
      if (signal.aborted || !mayConnect()) return false;
      await tryToConnect(signal);
    }
    if (connection) await tell(connection);
    await clock.sleep(PACE_MS, signal);
    return connection === undefined;
  }

  async function tryToConnect(signal: AbortSignal): Promise<void> {
    try {
      await connect(signal);
    } catch (thrown) {
      if (signal.aborted) throw thrown;
      patience.lost();
      part.away(toMessage(thrown), thrown);
      await trouble.began(thrown);
    }
  }

  const loop = createLoop({ name: `broker of ${channel.id}`, clock, log, idleMs: LOOK_EVERY_MS, runOnce });

  async function untilConnected(signal: AbortSignal): Promise<Connection> {
    const untilMs = clock.nowMs() + WAIT_MS_MAX;
    while (!connection && clock.nowMs() < untilMs && !signal.aborted) await clock.sleep(WAIT_STEP_MS, signal);
    signal.throwIfAborted();
    if (connection) return connection;
    throw new NightjarError('unavailable', `the broker is away: ${part.state().reason ?? 'it does not answer yet'}`);
  }

  /** Before the alert itself, so that who hears of it finds the picture. */
  async function show({ publish }: Connection, { message, picture }: Outgoing): Promise<void> {
    if (message.type !== 'alert.created' || !picture) return;
    const { camera_id: cameraId, frame_id: frameId } = message.data.alert;
    if (!cameras.has(cameraId)) return; // deleted meanwhile: nothing is to be retained of it
    const topic = toStateTopic(settings, cameraId, 'picture');
    await publish(topic, picture, { retain: true });
    shelf.put(topic, { frameId });
  }

  async function leave(manner: Parameters<Link['close']>[0]): Promise<void> {
    if (!connection) return;
    if (manner === 'forgotten') await shelf.fill(new Map(), connection.publish);
    if (manner !== 'handed on')
      await connection.publish(toStatusTopic(settings), manner === 'away' ? 'offline' : '', { retain: true });
    await connection.close();
  }

  return {
    wake: loop.wake,
    async send({ outgoing, signal }) {
      const open = await untilConnected(signal);
      await show(open, outgoing);
      const { topic, payload } = toAlertMessage(settings, outgoing);
      await open.publish(topic, payload, { retain: false });
      signal.throwIfAborted();
      return TAKEN;
    },
    async close(manner) {
      const orderly = async (): Promise<void> => {
        await loop.close();
        await leave(manner);
        if (manner !== 'handed on') await trouble.ended();
      };
      await answerWithin({ timeoutMs: LEAVE_MS_MAX, clock, late }, orderly).catch((thrown: unknown) =>
        log.warn({ channel_id: channel.id, err: thrown }, 'a broker was left without a word'),
      );
      connection?.cut();
      await loop.close();
    },
  };
}
