import type { Say, Tx } from '../db/index.ts';
import { toCamera } from '../db/rows.ts';
import { toCameraId, type Camera } from '../model/index.ts';
import { NightjarError } from '../lib/errors.ts';
import { toCameraWire } from '../model/wire.ts';

/** The camera folder of files that lie in the inbox itself. */
const ROOT_FOLDER = '.';
const ROOT_CAMERA = { id: 'default', name: 'Default' };
const SUFFIX_MAX = 999;

/** The camera of a folder, created on first sight; a deleted one whose folder fills again is back. */
export async function resolveCamera(tx: Tx, say: Say, folder: string): Promise<Camera> {
  const [found] = await tx<Camera[]>`
    update cameras set deleted_at = null where folder = ${folder} returning *`;
  if (found) return toCamera(found);
  return createCamera(tx, say, folder);
}

/** Two folders may want the same id (`Front Door`, `front_door`): the second becomes `front_door_2`. */
async function createCamera(tx: Tx, say: Say, folder: string): Promise<Camera> {
  const base = folder === ROOT_FOLDER ? ROOT_CAMERA.id : toCameraId(folder);
  const name = folder === ROOT_FOLDER ? ROOT_CAMERA.name : folder;
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
