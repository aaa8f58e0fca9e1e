/** What a rule names must be there, or it would never match without a word. */
import type { Context } from 'hono';
import type { Sql, Tx } from '../../db/index.ts';
import { NightjarError, type InputFault } from '../../lib/errors.ts';
import type { Rule } from '../../model/alert.ts';
import type { ApiEnv } from '../route-parts.ts';
import { camerasOf } from '../visible.ts';
import type { RulePatch } from './rule-schema.ts';

export interface NamedBy {
  /** As it would then be. */
  readonly rule: Rule;
  /** The fields that are asked for: of the others it is not asked whether what they name is still there. */
  readonly given: RulePatch;
  /** Where these stand in the request. */
  readonly place: string;
}

/** Throws `invalid` with a fault for each thing that is not there, or that the rule's cameras leave out. */
export async function assertNamed(c: Context<ApiEnv>, sql: Sql | Tx, { rule, given, place }: NamedBy): Promise<void> {
  const limits = camerasOf(c);
  const there = await readCameras(sql, given.camera_ids ?? []);
  const channelsThere = await readChannels(sql, given.channel_ids ?? []);
  const cameraOf = await readZones(sql, rule.zoneIds);
  const isSeen = (cameraId: string): boolean => limits === null || limits.includes(cameraId);
  const isLeftOut = (cameraId: string): boolean => rule.cameraIds.length > 0 && !rule.cameraIds.includes(cameraId);

  const ofZone = (id: string): string | undefined => {
    const cameraId = cameraOf.get(id);
    if (cameraId === undefined || !isSeen(cameraId)) return 'there is no zone with this id';
    return isLeftOut(cameraId) ? `is a zone of the camera "${cameraId}", which camera_ids leaves out` : undefined;
  };
  const leftOut = [...new Set(cameraOf.values())].filter(isLeftOut);
  const faults = [
    ...toFaults(`${place}.camera_ids`, given.camera_ids, (id) => there.has(id) && isSeen(id) ? undefined : `there is no camera "${id}"`),
    ...toFaults(`${place}.zone_ids`, given.zone_ids, ofZone),
    ...toFaults(`${place}.channel_ids`, given.channel_ids, (id) => channelsThere.has(id) ? undefined : 'there is no channel with this id'),
    ...(given.zone_ids || !given.camera_ids ? [] : leftOut.map((id) => ({ path: `${place}.camera_ids`, message: `leaves out the camera "${id}", which zone_ids has a zone of` }))),
    ...(isWithin(limits, rule) ? [] : [{ path: `${place}.camera_ids`, message: 'must name the cameras, for this key may not see all' }]),
  ]; // prettier-ignore
  if (faults.length === 0) return;
  const list = faults.map(({ path, message }) => `${path}: ${message}`).join('; ');
  throw new NightjarError('invalid', list, { faults });
}

/** Whether the rule is about cameras of these alone: then a key that is limited to them may see and change it. */
export const isWithin = (limits: readonly string[] | null, { cameraIds }: Pick<Rule, 'cameraIds'>): boolean =>
  limits === null || (cameraIds.length > 0 && cameraIds.every((id) => limits.includes(id)));

const toFaults = (path: string, ids: readonly string[] = [], toMessage: (id: string) => string | undefined) =>
  ids.flatMap((id, index): InputFault[] => {
    const message = toMessage(id);
    return message === undefined ? [] : [{ path: `${path}.${index}`, message }];
  });

async function readCameras(sql: Sql | Tx, ids: readonly string[]): Promise<ReadonlySet<string>> {
  if (ids.length === 0) return new Set();
  const rows = await sql<{ id: string }[]>`
    select id from cameras where id = any(${[...ids]}::text[]) and deleted_at is null`;
  return new Set(rows.map(({ id }) => id));
}

async function readChannels(sql: Sql | Tx, ids: readonly string[]): Promise<ReadonlySet<string>> {
  if (ids.length === 0) return new Set();
  const rows = await sql<{ id: string }[]>`select id from channels where id = any(${[...ids]}::uuid[])`;
  return new Set(rows.map(({ id }) => id));
}

/** The camera of each zone. */
async function readZones(sql: Sql | Tx, ids: readonly string[]): Promise<ReadonlyMap<string, string>> {
  if (ids.length === 0) return new Map();
  const rows = await sql<{ id: string; cameraId: string }[]>`
    select id, camera_id from zones where id = any(${[...ids]}::uuid[])`;
  return new Map(rows.map(({ id, cameraId }) => [id, cameraId]));
}
