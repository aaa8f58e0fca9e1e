import { z } from '@hono/zod-openapi';
import { isPrintable } from '../lib/printable.ts';
import { toCameraId } from '../model/index.ts';
import { cameraIdSchema } from '../model/wire.ts';
import { text } from './route-parts.ts';

const NAME_CHARS_MAX = 100;
/** The longest file name of the usual file systems. */
const FOLDER_BYTES_MAX = 255;

/** It is shown on pages, terminals and in logs. */
export const name = text(1, NAME_CHARS_MAX)
  .refine((value) => value.trim() !== '', 'must not be blank')
  .refine(isPrintable, 'must not hold control characters, line breaks or marks that turn the reading direction');

/**
 * One folder of the inbox. A row only: the API itself never opens it. Bytes that are not UTF-8 stand in it as in the
 * lists: `caf\xe9`.
 */
const folder = text(1, FOLDER_BYTES_MAX)
  .regex(/^[^/.][^/]*$/, 'must be the name of one folder, without slashes and not starting with a dot')
  .refine((value) => Buffer.byteLength(value) <= FOLDER_BYTES_MAX, `must not exceed ${FOLDER_BYTES_MAX} bytes`);

export const cameraCreateSchema = z
  .strictObject({
    id: cameraIdSchema.optional().openapi({ description: 'made from the folder or name when not given' }),
    name,
    folder: folder.optional().openapi({ description: 'the same as the id when not given' }),
  })
  .openapi('CameraCreate');

export const cameraPatchSchema = z
  .strictObject({ name: name.optional(), folder: folder.optional(), enabled: z.boolean().optional() })
  .refine((patch) => Object.keys(patch).length > 0, 'must change something')
  .openapi('CameraPatch');

export interface NewCamera {
  readonly id: string;
  readonly name: string;
  readonly folder: string;
}

/** What a new camera is called, where the request leaves it open. */
export function toNewCamera(input: z.infer<typeof cameraCreateSchema>): NewCamera {
  const id = input.id ?? toCameraId(input.folder ?? input.name);
  return { id, name: input.name, folder: input.folder ?? id };
}
