/** What is said between an examining process (child.ts) and the one that started it (process.ts). */
import { z } from 'zod';
import { errorKinds } from '../../lib/errors.ts';
import type { EncodedImage } from '../detector.ts';

/** The first message, and then a picture at a time. `settings` are what the child's program opens its detectors by. */
export type ToChild =
  { readonly type: 'open'; readonly settings: unknown } | { readonly type: 'examine'; readonly image: EncodedImage };

const whole = z.int().min(0);
const object = z.strictObject({
  label: z.string(),
  score: z.number().min(0).max(1),
  bbox: z.strictObject({ x: whole, y: whole, width: z.int().min(1), height: z.int().min(1) }),
});

/** Checked, though the program is ours: who examines pictures that kill may say anything. */
export const fromChild = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('ready') }),
  z.strictObject({ type: z.literal('found'), model: z.string(), objects: z.array(object) }),
  z.strictObject({ type: z.literal('failed'), kind: z.enum(errorKinds), message: z.string() }),
]);
export type FromChild = z.infer<typeof fromChild>;
