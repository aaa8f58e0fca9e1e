import { and, eq, isNull } from 'drizzle-orm';
import { z } from '@hono/zod-openapi';
import { tables, type Database } from '../db/index.ts';
import { NightjarError } from '../lib/errors.ts';
import { withTimeLimit } from '../lib/time-limit.ts';
import { cameraIdSchema, frameSchema, toFrameWire } from '../model/wire.ts';
import { declareRoute } from './access.ts';
import { createByteBudget } from './detector-server/byte-budget.ts';
import { binary } from './detector-server/detect-routes.ts';
import { FORM_BYTES_MAX, readForm, type Form, type FormFile } from './detector-server/multipart.ts';
import type { ApiOptions } from './options.ts';
import { HttpRefusal } from './problem.ts';
import { invalid, json, notFound, problem, timeFilter, toInputError, unauthorized, forbidden, type ApiApp } from './route-parts.ts'; // prettier-ignore
import { toFrame, type FrameRow } from './rows.ts';
import { isVisible } from './visible.ts';

export const FRAMES_PATH = '/api/frames';

/** Of all pictures being received at once. */
const BYTES_HELD_MAX = 256 * 1_024 ** 2;
const FORM_MS_MAX = 30_000;
/** As far as a camera's clock may run ahead. */
const AHEAD_MS_MAX = 24 * 3_600_000;

const fieldsSchema = z.strictObject({
  camera_id: cameraIdSchema,
  captured_at: timeFilter.optional().openapi({ description: 'else by the name, by EXIF, or now' }),
});
const formSchema = fieldsSchema.extend({ file: binary });

type UploadOptions = Pick<ApiOptions, 'db' | 'clock' | 'detector' | 'receivePicture'>;

/** POST /api/frames: a picture that comes by HTTP goes the way of the inbox from there on. */
export function addFrameUpload(app: ApiApp, { db, clock, detector, receivePicture }: UploadOptions): void {
  describe(app);
  const budget = createByteBudget(BYTES_HELD_MAX);
  const { imageBytesMax } = detector;
  const wanted = { fileFields: ['file'], filesMax: 1, fileBytesMax: imageBytesMax, bodyBytesMax: imageBytesMax + FORM_BYTES_MAX }; // prettier-ignore

  app.post(FRAMES_PATH, async (c) => {
    const account = budget.open();
    const firstSeenMs = clock.nowMs();
    try {
      const limit = { timeoutMs: FORM_MS_MAX, clock, late: tooSlow };
      const form = await withTimeLimit(limit, (signal) =>
        readForm(c.env.incoming, { ...wanted, onBytes: account.take, signal }),
      );
      const { camera_id: cameraId, captured_at: capturedAt } = parseFields(form, clock.nowMs());
      const { filename, bytes } = takeFile(form, imageBytesMax);
      await assertCamera(db, isVisible(c, cameraId) ? cameraId : undefined, cameraId);
      const { sha256 } = await receivePicture({ cameraId, name: filename, bytes, capturedAt, firstSeenMs });
      return c.json(toFrameWire(toFrame(await readByContent(db, cameraId, sha256))), 202);
    } finally {
      account.close();
    }
  });
}

/** By hand: a route that declares its form has it parsed by the framework, whole and unbounded. */
function describe(app: ApiApp): void {
  declareRoute(app, 'ingest', {
    method: 'post',
    path: FRAMES_PATH,
    tags: ['frames'],
    description:
      'The same way in as the folder. The same picture of the same camera again is the same frame, so it may be sent again without an Idempotency-Key, which counts for nothing here.',
    request: { body: { required: true, content: { 'multipart/form-data': { schema: formSchema } } } },
    responses: {
      202: json(frameSchema, 'the frame: stored, and waiting to be examined'),
      ...invalid,
      ...unauthorized,
      ...forbidden,
      ...notFound,
      408: problem('the form did not come in time'),
      413: problem('too large, or too many files'),
      415: problem('not a form with files'),
      503: problem('database or media store are away, or too many pictures are being received; `Retry-After` says when to come again'), // prettier-ignore
    },
  });
}

function parseFields({ fields }: Form, nowMs: number): z.infer<typeof fieldsSchema> {
  const parsed = fieldsSchema.safeParse(Object.fromEntries(fields));
  if (!parsed.success) throw toInputError('body', parsed.error);
  const { captured_at: capturedAt } = parsed.data;
  if (capturedAt && capturedAt.getTime() > nowMs + AHEAD_MS_MAX)
    throw new NightjarError('invalid', 'captured_at lies more than a day ahead');
  return parsed.data;
}

function takeFile({ files: [file], unwanted }: Form, bytesMax: number): FormFile {
  if (unwanted.length > 0 || file === undefined)
    throw new NightjarError('invalid', 'send one picture, as the file field "file"');
  if (file.isTooLarge) throw new HttpRefusal(413, `a picture may have ${bytesMax} bytes at most`);
  return file;
}

/** A camera that is switched off takes pictures as its folder does: they wait. */
async function assertCamera(db: Database, visibleId: string | undefined, cameraId: string): Promise<void> {
  const { cameras } = tables;
  const rows = visibleId === undefined ? [] : await db.read((orm) =>
    orm.select({ id: cameras.id }).from(cameras).where(and(eq(cameras.id, visibleId), isNull(cameras.deletedAt))),
  ); // prettier-ignore
  if (rows.length === 0) throw new NightjarError('not_found', `there is no camera "${cameraId}"`);
}

async function readByContent(db: Database, cameraId: string, sha256: string): Promise<FrameRow> {
  const { frames } = tables;
  const [row] = await db.read((orm) =>
    orm
      .select()
      .from(frames)
      .where(and(eq(frames.cameraId, cameraId), eq(frames.sha256, sha256), isNull(frames.clipId))),
  );
  if (!row) throw new NightjarError('unavailable', 'the frame was deleted while it came: send it again');
  return row;
}

const tooSlow = (): HttpRefusal =>
  new HttpRefusal(408, `the whole form must come within ${FORM_MS_MAX / 1_000} s`, { Connection: 'close' });
