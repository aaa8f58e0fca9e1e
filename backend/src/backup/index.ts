/**
 * Backup and restore: everything that Nightjar keeps, in one archive.
 *
 * In: a database, a media store, the imported models and the settings. Out: one tar file (its form: format.ts), made of
 * one snapshot of the database while Nightjar runs; and all of it back again into an empty place. An archive is read
 * through and checked before anything is restored from it.
 *
 * Can fail: `conflict` (the file is there, the database is not empty, or newer or older than this program knows),
 * `invalid` (no whole archive of ours), `unavailable` (disk or database). What failed leaves no archive behind.
 *
 * Limits: rows in pieces of 4 MiB, 64 MiB for any one piece when read; files are streamed.
 */
export type { Summary as BackupSummary } from './format.ts';
export { writeBackup, type BackupProgress, type BackupSources } from './write.ts';
export { restoreBackup, type RestoreProgress, type RestoreTargets } from './restore.ts';
