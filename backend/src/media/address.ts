import { NightjarError } from '../lib/errors.ts';

export interface MediaAddress {
  readonly cameraId: string;
  /** 64 lower-case hexadecimal digits */
  readonly sha256: string;
  /** Without the dot, as in `jpg`. */
  readonly extension: string;
}

/** The one form a media path has. Nothing of this form leaves the root: there is no dot before the last name. */
const MEDIA_PATH = /^[a-z0-9][a-z0-9_-]{0,63}\/([0-9a-f]{2})\/\1[0-9a-f]{62}\.[a-z0-9]{1,8}$/;

export const isMediaPath = (path: string): boolean => MEDIA_PATH.test(path);

/** The given path, if it is of the form of a media path; else throws `invalid`. */
export function checkMediaPath(mediaPath: string): string {
  if (!isMediaPath(mediaPath)) throw new NightjarError('invalid', `not a media path: ${JSON.stringify(mediaPath)}`);
  return mediaPath;
}

/** `<camera_id>/<sha256[0..2]>/<sha256>.<extension>`; throws `invalid` if any part could lead elsewhere. */
export const toMediaPath = ({ cameraId, sha256, extension }: MediaAddress): string =>
  checkMediaPath(`${cameraId}/${sha256.slice(0, 2)}/${sha256}.${extension}`);
