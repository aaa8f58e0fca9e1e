import type { NightjarError } from '../lib/errors.ts';
import type { DetectedObject } from '../model/index.ts';

/** A picture as the camera sent it. `width` and `height` are pixels after EXIF orientation: what a viewer sees. */
export interface EncodedImage {
  readonly bytes: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/** Something that a detector can compute on: an execution provider, or a server. */
export interface DetectorBackend {
  /** `cuda`, `cpu`, ..., or the address of a server. */
  readonly name: string;
  readonly state: 'in_use' | 'standby' | 'unavailable';
  /** Why it is unavailable, in words that help; null otherwise. */
  readonly reason: string | null;
}

export interface DetectorHealth {
  readonly name: string;
  readonly model: string;
  /** What computes: `cpu`, `cuda`, ..., or the address of a remote server. */
  readonly provider: string;
  readonly state: 'ready' | 'unavailable';
  /** Why it is unavailable; null when ready. */
  readonly reason: string | null;
  /** All that was considered, best first. */
  readonly backends: readonly DetectorBackend[];
}

/** What was found in a picture, strongest first; or why this picture, unlike the others of its batch, has no result. */
export type Found = readonly DetectedObject[] | NightjarError;

/**
 * One engine that finds objects in pictures. `Prepared` is whatever it needs of a picture before pictures can be
 * batched: pixels for ONNX, the bytes themselves for a remote server. A prepared picture stays good for a second try.
 */
export interface Detector<Prepared = unknown> {
  readonly name: string;
  readonly model: string;
  /** Most pictures in one `detect` call. */
  readonly batchMax: number;
  /** `detect` calls worth having in flight at once. */
  readonly runsMax: number;
  /** Throws `invalid` for what cannot be decoded as a picture. */
  prepare(image: EncodedImage): Promise<Prepared>;
  /**
   * What was found in each picture, in the order of the batch. Throws `unavailable` when the engine failed and
   * `overloaded` when too many calls wait: both heal, the same batch may be tried again.
   */
  detect(batch: readonly Prepared[]): Promise<readonly Found[]>;
  health(): DetectorHealth;
  /** Calls that compute end first; those that wait, and later ones, are rejected with `unavailable`. May be called again. */
  close(): Promise<void>;
}
