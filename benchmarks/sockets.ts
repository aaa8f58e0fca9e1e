/**
 * Question: what does a message to a thousand dashboards cost, and does anybody wait for those who catch up? Real outbox, bus,
 * hub and sockets in one process; 1,000 clients in two others, each of which checks that it gets everything in order.
 * Limits: every message arrives once and in order; fan-out at least 0.9 of a bare loop over `ws` that sends one pre-built
 * frame, measured in the same run; 10,000 messages replayed to 50 clients hold up live ones for no more than 250 ms (p99), which people hardly notice.
 *
 * The bare loop writes each message by itself; the hub sends what gathered while it was busy or at rest in one write, which is why
 * it can be the faster one. The bare loop is measured twice: by `send` of ws, and by writing the pre-built frame past it, which is the least that can be
 * done; the faster of the two counts. The clients share the cores with what is measured and are a part of every
 * figure, so the processor time of the measured process for each delivery is printed beside.
 * Arguments: how many clients (1000), for how many seconds (30), how many clients catch up (50) on how many messages (10000).
 * That many connections need descriptors: Node raises its limit to what `ulimit -Hn` allows.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { hold, say, sayTable, toFixed } from './report.ts';
import { gatherCrowd, type Crowd, type CrowdResult } from './socket-crowd.ts';
import { withSocketHouses, type BareHouse, type SocketHouse } from './socket-house.ts';
import { toPercentiles } from './socket-times.ts';

const CLIENTS = 1_000;
const CLIENT_PROCESSES = 2;
const SECONDS = 30;
const PER_SECOND = 50;
const REPLAYING_CLIENTS = 50;
const REPLAYED_MESSAGES = 10_000;
const STORED_AT_ONCE = 500;
const ROUNDS = 5;
const ROUND_DELIVERIES = 200_000;
/** Transactions of one message each that are under way at once, as those of several workers are. */
const TELLING_AT_ONCE = 8;
/** Messages of one transaction: a frame's work tells several. */
const TOLD_TOGETHER = 4;
/** Of the bare loops, between two looks whether the network takes more. */
const SENT_AT_ONCE = 4;
const RATIO_MIN = 0.9;
const STALL_MS_MAX = 250;
const WARM_UP_SHARE = 0.1;
const SUBSCRIBED_WITHIN_MS = 500;

const EVERYTHING = '{"type":"subscribe"}';
const NOTHING = '{"type":"subscribe","topics":[]}';
const FROM_THE_FIRST = '{"type":"subscribe","topics":["*"],"after":0}';

export interface Sizes {
  readonly clients: number;
  readonly seconds: number;
  readonly replaying: number;
  readonly replayed: number;
  readonly roundDeliveries: number;
}

/** Of one round: deliveries a second, and processor time of this process for each, microseconds. */
export interface Speed {
  readonly perSecond: number;
  readonly cpuUs: number;
}

export interface Fanout {
  /** At the even pace; beside a replay; and what the replaying clients got. */
  readonly paced: CrowdResult;
  readonly beside: CrowdResult;
  readonly replay: CrowdResult & { readonly messages: number; readonly seconds: number };
  /** Round by round. */
  readonly ours: readonly Speed[];
  /** One transaction after the other. */
  readonly alone: readonly Speed[];
  readonly together: readonly Speed[];
  readonly sent: readonly Speed[];
  readonly written: readonly Speed[];
}

/** Throws when a limit is missed. */
export async function run([clients = `${CLIENTS}`, seconds = `${SECONDS}`, replaying = `${REPLAYING_CLIENTS}`, replayed = `${REPLAYED_MESSAGES}`]: readonly string[]): Promise<void> {
  const sizes = { clients: Number(clients), seconds: Number(seconds), replaying: Number(replaying), replayed: Number(replayed), roundDeliveries: ROUND_DELIVERIES };
  const measured = await measureSockets(sizes);
  sayLatencies(measured, sizes);
  const ratio = saySpeeds(measured);
  const { paced, beside, replay } = measured;
  const messages = sizes.seconds * PER_SECOND;
  hold([
    [`${messages} messages at ${PER_SECOND}/s reach ${clients} clients, all and in order`, paced.received === messages * sizes.clients && paced.faults === 0],
    [`${replayed} replayed messages and the live ones reach ${replaying} clients, all and in order`, replay.faults === 0 && beside.faults === 0],
    [`fan-out at least ${RATIO_MIN} of the bare loop`, ratio >= RATIO_MIN],
    [`p99 of live messages beside the replay no more than ${STALL_MS_MAX} ms above that without`, toPercentiles(beside.buckets).p99 <= toPercentiles(paced.buckets).p99 + STALL_MS_MAX],
  ]);
} // prettier-ignore

export async function measureSockets({ clients, seconds, replaying, replayed, roundDeliveries }: Sizes): Promise<Fanout> {
  return withSocketHouses(async ({ ours, bare }) => {
    for (let stored = 0; stored < replayed; stored += STORED_AT_ONCE) await ours.tell(Math.min(STORED_AT_ONCE, replayed - stored));
    const crowd = await gatherCrowd({ port: ours.port, clients, processes: CLIENT_PROCESSES });
    const bareCrowd = await gatherCrowd({ port: bare.port, clients, processes: CLIENT_PROCESSES });
    const late = await gatherCrowd({ port: ours.port, clients: replaying, processes: 1 });
    await late.say(NOTHING);
    await crowd.say(EVERYTHING);
    await sleep(SUBSCRIBED_WITHIN_MS);

    const messages = seconds * PER_SECOND;
    await tellPaced(ours, crowd, Math.ceil(messages * WARM_UP_SHARE));
    const paced = await tellPaced(ours, crowd, messages);
    const rounds = { clients, messages: Math.ceil(roundDeliveries / clients) };
    const speeds = await measureSpeeds({ ours, bare, crowd, bareCrowd, ...rounds });

    const kept = ours.latestSeq();
    const catching = await late.expect({ subscribe: FROM_THE_FIRST, expected: kept + messages, milestone: kept, firstSeq: 1, isTimed: false });
    const startedMs = performance.now();
    const replaySeconds = catching.passed.then(() => (performance.now() - startedMs) / 1_000);
    const beside = await tellPaced(ours, crowd, messages);
    const replay = { ...(await catching.done), messages: kept, seconds: await replaySeconds };
    await Promise.all([crowd, bareCrowd, late].map((each) => each.close()));
    return { paced, beside, replay, ...speeds };
  });
} // prettier-ignore

/** One message at a time, at an even pace, whatever the one before takes. */
async function tellPaced(ours: SocketHouse, crowd: Crowd, messages: number): Promise<CrowdResult> {
  const { done } = await crowd.expect({ expected: messages, firstSeq: ours.latestSeq() + 1, isTimed: true });
  const startedMs = performance.now();
  const telling: Promise<void>[] = [];
  for (let told = 0; told < messages; told += 1) {
    await sleep(startedMs + (told * 1_000) / PER_SECOND - performance.now());
    telling.push(ours.tell(1));
  }
  await Promise.all(telling);
  return done;
}

type Loop = 'ours' | 'alone' | 'together' | 'sent' | 'written';

interface SpeedParts {
  readonly ours: SocketHouse;
  readonly bare: BareHouse;
  readonly crowd: Crowd;
  readonly bareCrowd: Crowd;
  readonly clients: number;
  /** In each round. */
  readonly messages: number;
}

/** In turns, so that a machine that slows down slows all. */
async function measureSpeeds({ ours, bare, crowd, bareCrowd, clients, messages }: SpeedParts): Promise<Pick<Fanout, Loop>> {
  const speeds: Record<Loop, Speed[]> = { ours: [], alone: [], together: [], sent: [], written: [] };
  const measure = async (name: Loop, tell: () => Promise<unknown>, done: Promise<CrowdResult>): Promise<void> => {
    speeds[name].push(await timeRound(tell, done, clients * messages));
  };
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [name, size, atOnce] of [['ours', 1, TELLING_AT_ONCE], ['alone', 1, 1], ['together', TOLD_TOGETHER, 1]] as const) {
      const { done } = await crowd.expect({ expected: messages, firstSeq: ours.latestSeq() + 1, isTimed: false });
      await measure(name, () => tellAll(ours, messages, { size, atOnce }), done);
    }
    for (const [name, send] of [['sent', bare.send], ['written', bare.write]] as const) {
      const { done } = await bareCrowd.expect({ expected: messages, firstSeq: 0, isTimed: false });
      await measure(name, () => sendAll(bare, send, messages), done);
    }
  }
  return speeds;
} // prettier-ignore

/** As fast as clients take them: in transactions of `size` messages, `atOnce` of them under way, and one more prepared. */
async function tellAll(ours: SocketHouse, messages: number, { size, atOnce }: { size: number; atOnce: number }): Promise<void> {
  let telling: Promise<unknown> = Promise.resolve();
  for (let told = 0; told < messages; told += size * atOnce) {
    const left = Math.min(size * atOnce, messages - told);
    const next = Promise.all(Array.from({ length: Math.ceil(left / size) }, (_, at) => ours.tell(Math.min(size, left - at * size))));
    await telling;
    await ours.drained();
    telling = next;
  }
  await telling;
} // prettier-ignore

async function sendAll(bare: BareHouse, send: () => void, messages: number): Promise<void> {
  for (let sent = 0; sent < messages; sent += 1) {
    send();
    if (sent % SENT_AT_ONCE === SENT_AT_ONCE - 1) await bare.drained();
  }
}

/** Until every client has everything. */
async function timeRound(tell: () => Promise<unknown>, done: Promise<CrowdResult>, deliveries: number): Promise<Speed> {
  const startedMs = performance.now();
  const startedCpu = process.cpuUsage();
  await tell();
  const { faults, received } = await done;
  if (faults > 0 || received !== deliveries) throw new Error(`${received} of ${deliveries} arrived, ${faults} of them wrongly`);
  const { user, system } = process.cpuUsage(startedCpu);
  return { perSecond: (1_000 * deliveries) / (performance.now() - startedMs), cpuUs: (user + system) / deliveries };
} // prettier-ignore

function sayLatencies({ paced, beside, replay }: Fanout, { replaying }: Sizes): void {
  const toCells = (name: string, { received, buckets }: CrowdResult): string[] => {
    const { p50, p95, p99, max } = toPercentiles(buckets);
    return [name, `${received}`, ...[p50, p95, p99, max].map((ms) => toFixed(ms))];
  };
  sayTable(['message to client', 'deliveries', 'p50 ms', 'p95 ms', 'p99 ms', 'max ms'], [
    toCells(`${PER_SECOND}/s`, paced),
    toCells(`${PER_SECOND}/s beside the replay`, beside),
  ]); // prettier-ignore
  say(`${replay.messages} kept messages replayed to ${replaying} clients within ${toFixed(replay.seconds)} s`); // prettier-ignore
}

/** Resolves to the ratio that the limit is about: the median over the rounds. */
function saySpeeds({ ours, alone, together, sent, written }: Fanout): number {
  const toCells = (name: string, speeds: readonly Speed[]): string[] => [
    name,
    toFixed(median(speeds.map(({ perSecond }) => perSecond)), 0),
    toFixed(Math.min(...speeds.map(({ perSecond }) => perSecond)), 0),
    toFixed(Math.max(...speeds.map(({ perSecond }) => perSecond)), 0),
    toFixed(median(speeds.map(({ cpuUs }) => cpuUs)), 2),
  ];
  sayTable(['deliveries a second', 'median', 'least', 'most', 'CPU us each'], [
    toCells(`outbox, bus, hub, sockets: ${TELLING_AT_ONCE} transactions at once`, ours),
    toCells('one after the other', alone),
    toCells(`${TOLD_TOGETHER} messages in a transaction`, together),
    toCells('bare: ws.send', sent),
    toCells('bare: socket.write of the frame', written),
  ]); // prettier-ignore
  const faster = sent.map(({ perSecond }, round) => Math.max(perSecond, written[round]?.perSecond ?? 0));
  const ratio = median(ours.map(({ perSecond }, round) => perSecond / (faster[round] ?? 0)));
  say(`ratio to the faster of the bare loops, median of ${ours.length} rounds: ${toFixed(ratio, 2)}`);
  return ratio;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}
