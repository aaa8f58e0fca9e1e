/**
 * The form of a backup: a tar archive, readable by any tar.
 *
 *   nightjar-backup.json           first: what this is, and which migrations its tables have
 *   media/<media path>             originals, each named by its sha256
 *   models/<path>                  imported models
 *   settings.env                   the settings file, secrets included
 *   database/<table>/<number>.ndjson rows, a line of JSON each, in an order that foreign keys allow
 *   summary.json                   last: counts and checksums; an archive without it is not whole
 */
import { z } from 'zod';

export const FORMAT = 1;
export const MANIFEST = 'nightjar-backup.json';
export const SUMMARY = 'summary.json';
export const SETTINGS = 'settings.env';

/** What may stand in memory as one piece: manifest, summary, settings, a chunk of rows. */
export const PIECE_BYTES_MAX = 64 * 1024 ** 2;

export const manifestSchema = z.object({
  format: z.literal(FORMAT),
  nightjar: z.string(),
  created_at: z.string(),
  /** Hashes of the applied migrations, in their order. */
  migrations: z.array(z.string()),
  /** Tables in the order in which they are to be filled, with the columns of their rows. */
  tables: z.array(z.object({ name: z.string(), columns: z.array(z.string()) })),
});
export type Manifest = z.infer<typeof manifestSchema>;
export type TableShape = Manifest['tables'][number];

export const summarySchema = z.object({
  tables: z.record(z.string(), z.object({ rows: z.number(), sha256: z.string() })),
  media: z.object({ files: z.number(), bytes: z.number(), missing: z.number(), damaged: z.number() }),
  models: z.number(),
});
export type Summary = z.infer<typeof summarySchema>;

export type Place =
  | { readonly kind: 'manifest' | 'summary' | 'settings' }
  | { readonly kind: 'media'; readonly mediaPath: string; readonly sha256: string }
  | { readonly kind: 'model'; readonly path: string }
  | { readonly kind: 'rows'; readonly table: string };

const MEDIA = /^media\/([a-z0-9][a-z0-9_-]{0,63}\/([0-9a-f]{2})\/(\2[0-9a-f]{62})\.[a-z0-9]{1,8})$/;
/** Names without a leading dot: none of them leads out of the folder. */
const MODEL = /^models\/((?:[A-Za-z0-9_-][A-Za-z0-9._-]*\/)+[A-Za-z0-9_-][A-Za-z0-9._-]*)$/;
const ROWS = /^database\/([a-z_]{1,63})\/\d{6,}\.ndjson$/;

/** What an entry is by its name; undefined for what no backup of ours has. */
export function toPlace(name: string): Place | undefined {
  if (name === MANIFEST) return { kind: 'manifest' };
  if (name === SUMMARY) return { kind: 'summary' };
  if (name === SETTINGS) return { kind: 'settings' };
  const [, mediaPath, , sha256] = MEDIA.exec(name) ?? [];
  if (mediaPath !== undefined && sha256 !== undefined) return { kind: 'media', mediaPath, sha256 };
  const path = MODEL.exec(name)?.[1];
  if (path !== undefined) return { kind: 'model', path };
  const table = ROWS.exec(name)?.[1];
  return table === undefined ? undefined : { kind: 'rows', table };
}

export const toRowsName = (table: string, part: number): string =>
  `database/${table}/${String(part).padStart(6, '0')}.ndjson`;
