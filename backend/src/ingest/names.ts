/** What a path in the inbox means. Paths are relative to the inbox, with `/` between names (see file-path.ts). */
import { toPrintable } from '../lib/printable.ts';
import { toLedgerKey, toLedgerText } from './file-path.ts';

/** Where a finished file is put aside, in its own folder, before it is deleted: `.nightjar/<id>/<name>`. */
export const ASIDE_FOLDER = '.nightjar';

/** Names that uploaders give to files under way; they are looked at once renamed. */
const TEMPORARY_ENDINGS = ['.part', '.partial', '.filepart', '.tmp', '.temp', '.crdownload', '.uploading', '~'];

/** Folders that file servers and operating systems keep for themselves. */
const SERVICE_FOLDERS = new Set(['@eaDir', '#recycle', '#snapshot', 'lost+found', '$RECYCLE.BIN']);

const CLIP_ENDING = /\.(mp4|m4v|mkv|avi|mov|ts|h264|h265|264|265|hevc|dav|webm|flv|wmv|asf|mpe?g)$/i;

export interface Place {
  readonly path: string;
  /** The same as text, by which the ledger knows the file again. */
  readonly ledgerPath: string;
  /** The first folder below the inbox, as text; `.` for files in the inbox itself. */
  readonly cameraFolder: string;
  /** The path inside the camera folder, as the camera named it; what cannot be printed is escaped. */
  readonly sourceName: string;
  /** Put aside for deletion by us, here or in an earlier life. */
  readonly isAside: boolean;
}

export function toPlace(path: string): Place {
  const asNamed = toNamedPath(path);
  return {
    path,
    ledgerPath: toLedgerKey(path),
    cameraFolder: toCameraFolder(path),
    sourceName: toPrintable(toLedgerText(asNamed.slice(asNamed.indexOf('/') + 1))),
    isAside: asNamed !== path,
  };
}

/** As in `Place`. */
export function toCameraFolder(path: string): string {
  const asNamed = toNamedPath(path);
  const slash = asNamed.indexOf('/');
  return slash < 0 ? '.' : toLedgerText(asNamed.slice(0, slash));
}

/** The path under which the camera put the file: that of a file put aside loses `.nightjar/<id>/`. */
function toNamedPath(path: string): string {
  const names = path.split('/');
  if (names.at(-3) === ASIDE_FOLDER) names.splice(-3, 2);
  return names.join('/');
}

/** Whether nothing at this path is ever an arrival (yet): temporary names, hidden files, service folders. */
export function isIgnored(path: string): boolean {
  const names = toNamedPath(path).split('/');
  const name = names.pop() ?? '';
  return isTemporaryName(name) || names.some(isIgnoredFolder);
}

export const isIgnoredFolder = (name: string): boolean => name.startsWith('.') || SERVICE_FOLDERS.has(name);

/** As `isIgnored`, of a name in a folder that is not. */
export function isTemporaryName(name: string): boolean {
  if (name.startsWith('.') || SERVICE_FOLDERS.has(name)) return true;
  const lower = name.toLowerCase();
  return TEMPORARY_ENDINGS.some((ending) => lower.endsWith(ending));
}

export const isClipName = (path: string): boolean => CLIP_ENDING.test(path);
