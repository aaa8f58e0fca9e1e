/** What a rule names must be there, and what it wants must be possible, or it would never match without a word. */
import type { Sql, Tx } from '../../db/index.ts';
import { NightjarError, type InputFault } from '../../lib/errors.ts';
import type { Rule } from '../../model/alert.ts';
import type { Zone } from '../../model/zone.ts';
import type { RulePatch } from './rule-schema.ts';

export interface NamedBy {
  /** As it would then be. */
  readonly rule: Rule;
  /** The fields that are asked for: of the others it is not asked whether what they name is still there. */
  readonly given: RulePatch;
  /** Where these stand in the request. */
  readonly place: string;
}

/** Throws `invalid` with a fault for each thing that is not there, or in which nothing could match the rule. */
export async function assertNamed(sql: Sql | Tx, named: NamedBy): Promise<void> {
  const { rule, given, place } = named;
  const there = await readCameras(sql, given.camera_ids ?? []);
  const channelsThere = await readChannels(sql, given.channel_ids ?? []);
  const zoneOf = new Map((await readZones(sql, rule.zoneIds)).map((zone) => [zone.id, zone]));
  const faults = [
    ...toFaults(`${place}.camera_ids`, given.camera_ids, (id) => there.has(id) ? undefined : `there is no camera "${id}"`),
    ...toFaults(`${place}.zone_ids`, given.zone_ids, (id) => toZoneFault(rule, zoneOf.get(id))),
    ...toFaults(`${place}.channel_ids`, given.channel_ids, (id) => channelsThere.has(id) ? undefined : 'there is no channel with this id'),
    ...(given.zone_ids ? [] : toStoredZoneFaults(named, [...zoneOf.values()])),
  ]; // prettier-ignore
  if (faults.length === 0) return;
  const list = faults.map(({ path, message }) => `${path}: ${message}`).join('; ');
  throw new NightjarError('invalid', list, { faults });
}

/** A zone that is switched off may be named: it is told of from when it is switched on. */
function toZoneFault(rule: Rule, zone: SeenZone | undefined): string | undefined {
  if (zone === undefined) return 'there is no zone with this id';
  if (isLeftOut(rule, zone)) return `is a zone of the camera "${zone.cameraId}", which camera_ids leaves out`;
  if (zone.kind === 'ignore') return 'is a zone of the kind ignore: what stands in it never counts';
  if (isAboutOthers(rule, zone)) return `is about ${zone.labels.join(', ')} alone, which labels leaves out`;
  return undefined;
}

/** Where it names them already, and what is asked for leaves nothing in them to match. */
function toStoredZoneFaults({ rule, given, place }: NamedBy, stored: readonly SeenZone[]): readonly InputFault[] {
  const leftOut = given.camera_ids ? new Set(stored.filter((zone) => isLeftOut(rule, zone)).map(({ cameraId }) => cameraId)) : []; // prettier-ignore
  const aboutOthers = given.labels ? stored.filter((zone) => isAboutOthers(rule, zone)) : [];
  return [
    ...[...leftOut].map((id) => ({ path: `${place}.camera_ids`, message: `leaves out the camera "${id}", which zone_ids has a zone of` })),
    ...aboutOthers.map(({ name, labels }) => ({ path: `${place}.labels`, message: `leaves out ${labels.join(', ')}, which the zone "${name}" of zone_ids is about alone` })),
  ]; // prettier-ignore
}

const isLeftOut = ({ cameraIds }: Rule, { cameraId }: SeenZone): boolean =>
  cameraIds.length > 0 && !cameraIds.includes(cameraId);

const isAboutOthers = (rule: Rule, zone: SeenZone): boolean =>
  rule.labels.length > 0 && zone.labels.length > 0 && !rule.labels.some((label) => zone.labels.includes(label));

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

type SeenZone = Pick<Zone, 'id' | 'cameraId' | 'name' | 'kind' | 'labels'>;

async function readZones(sql: Sql | Tx, ids: readonly string[]): Promise<readonly SeenZone[]> {
  if (ids.length === 0) return [];
  return sql<SeenZone[]>`select id, camera_id, name, kind, labels from zones where id = any(${[...ids]}::uuid[])`;
}
