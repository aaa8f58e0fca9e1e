/**
 * The account: what was dropped against what is in the database, what is on the disk and what clients heard. Every
 * difference is a finding, and there must be none.
 */
import type { Sql } from '../../src/db/index.ts';
import type { DetectedObject } from '../../src/model/index.ts';
import { toDigest } from './client.ts';
import { isAsExpected } from './files.ts';
import type { House } from './house.ts';
import type { Entry, Ledger } from './ledger.ts';

/** What went wrong, and of which sort it is. */
export interface Finding {
  readonly sort: 'lost' | 'doubled' | 'gap' | 'wrong' | 'leak' | 'log';
  readonly what: string;
}

export interface Look {
  readonly house: House;
  readonly ledger: Ledger;
  /** Undefined: all of them. */
  readonly round: number | undefined;
}

export async function checkDatabase({ house, ledger, round }: Look): Promise<readonly Finding[]> {
  return house.postgres.withSql(async (sql) => [
    ...(await checkFrames(sql, ledger, round)),
    ...(await checkDoubles(sql)),
    ...(await checkOutbox(sql)),
  ]);
}

interface FrameRow {
  readonly id: string;
  readonly camera: string;
  readonly sha256: string | null;
  readonly state: string;
  readonly name: string;
  readonly error: string | null;
}

interface DetectionRow extends Omit<DetectedObject, 'bbox'> {
  readonly frameId: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Every file exactly once, in the state and with the detections that follow from its bytes. */
async function checkFrames(sql: Sql, ledger: Ledger, round: number | undefined): Promise<readonly Finding[]> {
  const ofRound = round === undefined ? sql`true` : sql`source_name like ${`%\\_r${round}\\_%`}`;
  const frames = await sql<FrameRow[]>`
    select frames.id, folder as camera, sha256, state, source_name as name, error_message as error
    from frames join cameras on cameras.id = frames.camera_id where ${ofRound}`;
  const detections = await sql<DetectionRow[]>`
    select frame_id, label, score::float8, x, y, width, height from detections
    where frame_id in (select id from frames where ${ofRound})`;
  const objectsOf = groupObjects(detections);
  const seen = new Map<Entry, number>();
  const findings: Finding[] = [];
  for (const frame of frames) {
    const entry = ledger.get(frame.camera, frame.sha256);
    if (!entry) findings.push({ sort: 'wrong', what: `nobody dropped ${frame.camera}/${frame.name}` });
    else {
      seen.set(entry, (seen.get(entry) ?? 0) + 1);
      findings.push(...judge(frame, entry, objectsOf.get(frame.id) ?? []));
    }
  }
  const expected = round === undefined ? ledger.entries() : ledger.ofRound(round);
  for (const entry of expected) {
    const count = seen.get(entry) ?? 0;
    const what = `${entry.camera}/${entry.name} of round ${entry.round}`;
    if (count === 0 && entry.drops > 0) findings.push({ sort: 'lost', what: `no frame for ${what}` });
    if (count > 1) findings.push({ sort: 'doubled', what: `${count} frames for ${what}` });
  }
  return findings;
}

function groupObjects(rows: readonly DetectionRow[]): ReadonlyMap<string, DetectedObject[]> {
  const groups = new Map<string, DetectedObject[]>();
  for (const { frameId, label, score, ...bbox } of rows) {
    const group = groups.get(frameId) ?? [];
    group.push({ label, score, bbox });
    groups.set(frameId, group);
  }
  return groups;
}

function judge(frame: FrameRow, { fate }: Entry, objects: readonly DetectedObject[]): readonly Finding[] {
  const what = `${frame.camera}/${frame.name}`;
  if (frame.state !== fate.state)
    return [{ sort: frame.state === 'dead' ? 'lost' : 'wrong', what: `${what} is ${frame.state} (${frame.error ?? ''}), not ${fate.state}` }]; // prettier-ignore
  if (fate.state === 'dead')
    return fate.reason.test(frame.error ?? '') ? [] : [{ sort: 'wrong', what: `${what} is dead for ${frame.error ?? ''}` }]; // prettier-ignore
  if (isAsExpected(objects, fate)) return [];
  const sort = objects.length > fate.objects.length ? 'doubled' : 'lost';
  return [{ sort, what: `${what} has ${JSON.stringify(objects)}, not ${JSON.stringify(fate.objects)}` }];
}

interface Count {
  readonly count: number;
}

/** What no picture of its own is needed to see: each of these queries finds nothing. */
async function checkDoubles(sql: Sql): Promise<readonly Finding[]> {
  const questions: readonly [Finding['sort'], string, PromiseLike<readonly Count[]>][] = [
    ['doubled', 'frames with one content on one camera', sql<Count[]>`
      select count(*) - count(distinct (camera_id, sha256)) as count from frames where clip_id is null and sha256 is not null`],
    ['doubled', 'detections stored twice', sql<Count[]>`
      select count(*) from (select from detections group by frame_id, label, x, y, width, height having count(*) > 1) as twice`],
    ['doubled', 'frames told twice', sql<Count[]>`
      select count(*) - count(distinct data -> 'frame' ->> 'id') as count from outbox where type = 'detection.created'`],
    ['lost', 'frames with detections of which nobody was told', sql<Count[]>`
      select count(distinct frame_id) from detections where not exists (
        select from outbox where type = 'detection.created' and data -> 'frame' ->> 'id' = frame_id::text)`],
    ['lost', 'dead frames of which nobody was told exactly once', sql<Count[]>`
      select count(*) from frames where state = 'dead' and 1 <> (
        select count(*) from outbox where type = 'frame.dead' and data ->> 'id' = frames.id::text)`],
    ['wrong', 'messages about frames that have no detections', sql<Count[]>`
      select count(*) from outbox where type = 'detection.created'
        and not exists (select from detections where frame_id::text = data -> 'frame' ->> 'id')`],
    ['doubled', 'events or cameras told as new twice', sql<Count[]>`
      select count(*) - count(distinct (type, data ->> 'id')) as count from outbox where type in ('event.opened', 'camera.created')`],
    ['wrong', 'events whose counts are not those of their detections', sql<Count[]>`
      select count(*) from events where
        detection_count <> (select count(*) from detections where event_id = events.id)
        or frame_count <> (select count(distinct frame_id) from detections where event_id = events.id)`],
    ['wrong', 'frames whose event is not that of their detections', sql<Count[]>`
      select count(*) from frames where event_id is distinct from (
        select event_id from detections where frame_id = frames.id and event_id is not null limit 1)`],
    ['leak', 'frames that are leased', sql<Count[]>`select count(*) from frames where state = 'leased'`],
  ]; // prettier-ignore
  const findings: Finding[] = [];
  for (const [sort, what, asked] of questions) {
    const [row] = await asked;
    if (row?.count !== 0) findings.push({ sort, what: `${row?.count ?? '?'} ${what}` });
  }
  return findings;
}

async function checkOutbox(sql: Sql): Promise<readonly Finding[]> {
  const [row] = await sql<{ count: number; first: number; last: number; head: number }[]>`
    select count(*), coalesce(min(seq), 1) as first, coalesce(max(seq), 0) as last, (select seq from outbox_head) as head
    from outbox`;
  const isWhole = row && row.first === 1 && row.last === row.count && row.head === row.last;
  return isWhole ? [] : [{ sort: 'gap', what: `the outbox is not 1, 2, 3 ... head: ${JSON.stringify(row)}` }];
}

/** Each client heard each message of the outbox once, in order, as it stands there. */
export async function checkClients({ house }: Look): Promise<readonly Finding[]> {
  const findings: Finding[] = house.clients.flatMap((client) =>
    client.takeFaults().map((what) => ({ sort: 'gap' as const, what })),
  );
  for (const client of house.clients) {
    const heard = client.takeHeard();
    const numbers = [...heard.keys()];
    const rows = await house.postgres.withSql((sql) => sql<{ seq: number; type: string; at: Date; data: unknown }[]>`
      select seq, type, at, data from outbox where seq between ${numbers[0] ?? 1} and ${numbers.at(-1) ?? 0}`); // prettier-ignore
    const other = rows.filter(({ seq, type, at, data }) => heard.get(seq) !== toDigest(type, at.toISOString(), data));
    if (rows.length !== heard.size) findings.push({ sort: 'gap', what: `${client.name} heard ${heard.size} of ${rows.length} messages` }); // prettier-ignore
    if (other.length > 0) findings.push({ sort: 'wrong', what: `${client.name} heard ${other[0]?.seq ?? 0} otherwise than it stands` }); // prettier-ignore
  }
  return findings;
}
