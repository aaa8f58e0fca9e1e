import type { Say, Tx } from '../db/index.ts';
import { toCamera } from '../db/rows.ts';
import { toCameraId, type Camera } from '../model/index.ts';
import { NightjarError } from '../lib/errors.ts';
import { toPrintable } from '../lib/printable.ts';
import { toCameraWire } from '../model/wire.ts';

/** The camera folder of files that lie in the inbox itself. */
const ROOT_FOLDER = '.';
const ROOT_CAMERA = { id: 'default', name: 'Default' };
const SUFFIX_MAX = 999;
/** Key of an advisory lock; any number that others are unlikely to use. */
const CREATION_LOCK = 0x4e4a63616d;

/**
 * The camera of a folder, created on first sight; a deleted one whose folder fills again is back. Throws `forbidden`
 * where that would make more cameras than `camerasMax`: whoever may write into the inbox can make folders, and each
 * camera costs. Those that a person adds through the API are not held to it.
 */
export async function resolveCamera(
  tx: Tx,
  say: Say,
  { folder, camerasMax }: { readonly folder: string; readonly camerasMax: number },
): Promise<Camera> {
  const [found] = await tx<Camera[]>`select * from cameras where folder = ${folder} and deleted_at is null`;
  if (found) return toCamera(found);
  // The camera of files in the inbox itself is one at most.
  if (folder !== ROOT_FOLDER) await assertRoom(tx, camerasMax);
  await assertNotPurged(tx, folder);
  const [back] = await tx<Camera[]>`update cameras set deleted_at = null where folder = ${folder} returning *`;
  return back ? toCamera(back) : createCamera(tx, say, folder);
}

/** What comes meanwhile waits in the folder, and gets a new camera when the old one is gone. */
async function assertNotPurged(tx: Tx, folder: string): Promise<void> {
  const rows = await tx`select 1 from cameras where folder = ${folder} and purge_requested_at is not null`;
  if (rows.length > 0) throw new NightjarError('forbidden', 'its former camera is being purged, which takes a while');
}

async function assertRoom(tx: Tx, camerasMax: number): Promise<void> {
  // One process at a time counts and creates.
  await tx`select pg_advisory_xact_lock(${CREATION_LOCK})`;
  const [row] = await tx<{ count: number }[]>`select count(*) from cameras where deleted_at is null`;
  if ((row?.count ?? 0) < camerasMax) return;
  throw new NightjarError('forbidden', `there are ${row?.count ?? 0} cameras, and CAMERAS_MAX is ${camerasMax}`);
}

/** Two folders may want the same id (`Front Door`, `front_door`): the second becomes `front_door_2`. */
async function createCamera(tx: Tx, say: Say, folder: string): Promise<Camera> {
  const base = folder === ROOT_FOLDER ? ROOT_CAMERA.id : toCameraId(folder);
  // The folder is kept to the letter, for it is looked up; the name is shown to people.
  const name = folder === ROOT_FOLDER ? ROOT_CAMERA.name : toPrintable(folder);
  for (let suffix = 1; suffix <= SUFFIX_MAX; suffix += 1) {
    const id = suffix === 1 ? base : `${base}_${suffix}`;
    const [row] = await tx<Camera[]>`
      insert into cameras (id, name, folder) values (${id}, ${name}, ${folder}) on conflict do nothing returning *`;
    if (row) {
      say({ type: 'camera.created', data: toCameraWire(toCamera(row)) });
      return toCamera(row);
    }
    // Another process may have created this very folder meanwhile.
    const [other] = await tx<Camera[]>`select * from cameras where folder = ${folder}`;
    if (other) return toCamera(other);
  }
  throw new NightjarError('conflict', `more than ${SUFFIX_MAX} cameras want the id ${base}`);
}
