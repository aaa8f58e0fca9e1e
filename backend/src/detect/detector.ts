import type { DetectedObject } from '../model/index.ts';

/** A picture as the camera sent it. `width` and `height` are pixels after EXIF orientation: what a viewer sees. */
export interface EncodedImage {
  readonly bytes: Uint8Array;
  readonly width: number;
  readonly height: number;
}

export interface DetectorHealth {
  readonly name: string;
  readonly model: string;
  /** What computes: `cpu`, `cuda`, ..., or the address of a remote server. */
  readonly provider: string;
  readonly state: 'ready' | 'unavailable';
  /** Why it is unavailable; null when ready. */
  readonly reason: string | null;
}

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
   * The objects of each picture, in the order of the batch, strongest first. Throws `unavailable` when the engine
   * failed and `overloaded` when too many calls wait: both heal, the same batch may be tried again.
   */
  detect(batch: readonly Prepared[]): Promise<readonly (readonly DetectedObject[])[]>;
  health(): DetectorHealth;
  /** Calls that compute end first; those that wait, and later ones, are rejected with `unavailable`. */
  close(): Promise<void>;
}
