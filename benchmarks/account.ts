/** Was every frame examined exactly once? As the API and a dashboard tell it. */
import { createHash } from 'node:crypto';
import type { FrameWire, Message } from '../backend/src/model/wire.ts';
import { isGapless } from '../backend/tests/harness/account.ts';
import type { NightjarProcess } from '../backend/tests/harness/nightjar.ts';
import type { Picture } from './pictures.ts';

const PAGE_MAX = 200;

export interface Account {
  readonly rows: number;
  /** Rows that are done, of content that was dropped, after one attempt. */
  readonly doneOnce: number;
  readonly distinct: number;
  /** `detection.created` messages, and the frames that they are of. */
  readonly told: number;
  readonly toldDistinct: number;
  readonly isGapless: boolean;
  /** sha256 over the sorted sha256 of all frames. */
  readonly checksum: string;
}

export async function readAccount(
  nightjar: NightjarProcess,
  pictures: readonly Picture[],
  messages: readonly Message[],
): Promise<Account> {
  const dropped = new Set(pictures.map(({ bytes }) => toSha256(bytes)));
  const rows = await readFrames(nightjar);
  const told = messages.flatMap((message) => (message.type === 'detection.created' ? [message.data.frame.id] : []));
  const hashes = rows.map(({ sha256 }) => sha256 ?? '').sort();
  const isDoneOnce = ({ state, attempts, sha256 }: FrameWire): boolean =>
    state === 'done' && attempts === 1 && dropped.has(sha256 ?? '');
  return {
    rows: rows.length,
    doneOnce: rows.filter(isDoneOnce).length,
    distinct: new Set(hashes).size,
    told: told.length,
    toldDistinct: new Set(told).size,
    isGapless: isGapless(messages),
    checksum: toSha256(hashes.join('\n')),
  };
}

/** For pictures that all have something to tell of. */
export const isComplete = (account: Account, frames: number): boolean =>
  account.isGapless &&
  [account.rows, account.doneOnce, account.distinct, account.told, account.toldDistinct].every((n) => n === frames);

async function readFrames(nightjar: NightjarProcess): Promise<readonly FrameWire[]> {
  const frames: FrameWire[] = [];
  for (let cursor: string | null = ''; cursor !== null;) {
    const query = new URLSearchParams({ limit: `${PAGE_MAX}`, ...(cursor === '' ? {} : { cursor }) }).toString();
    const page: { items: FrameWire[]; next_cursor: string | null } = await nightjar.get(`/api/frames?${query}`);
    frames.push(...page.items);
    cursor = page.next_cursor;
  }
  return frames;
}

const toSha256 = (content: string | Uint8Array): string => createHash('sha256').update(content).digest('hex');
