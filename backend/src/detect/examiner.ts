import { HangError } from '../lib/errors.ts';
import type { DetectedObject } from '../model/index.ts';
import type { Detector, EncodedImage, Found } from './detector.ts';

/** A decoder that takes longer hangs in native code, and a thread of libuv's with it. */
const DECODE_MS_MAX = 60_000;

export type ExamineStage = 'read' | 'decode' | 'infer';
export type ObserveStage = (stage: ExamineStage, durationMs: number) => void;

/** Joins single pictures into runs of the detector; told whether more are on their way. */
export type MakeBatcher<Prepared> = (
  run: (batch: readonly Prepared[]) => Promise<readonly Found[]>,
  isMoreComing: () => boolean,
) => { add(item: Prepared): Promise<readonly DetectedObject[]> };

/** A detector in front of which the pictures of all who ask, the pipeline and guests alike, are joined into batches. */
export interface Examiner<Prepared = unknown> {
  readonly detector: Detector<Prepared>;
  /**
   * Reads and decodes; meanwhile a run may wait for the picture. Rejects with what `read` rejects with, with `invalid`, and
   * with a `HangError` when the decoder does not come back.
   */
  prepare(read: () => Promise<EncodedImage>): Promise<Prepared>;
  /** What is in the picture, strongest first. Rejects as the detector does. */
  detect(prepared: Prepared): Promise<readonly DetectedObject[]>;
}

export interface ExaminerOptions<Prepared> {
  readonly detector: Detector<Prepared>;
  readonly createBatcher: MakeBatcher<Prepared>;
  readonly onStage?: ObserveStage;
  readonly decodeMsMax?: number;
}

export function createExaminer<Prepared>(options: ExaminerOptions<Prepared>): Examiner<Prepared> {
  const { detector, createBatcher, onStage, decodeMsMax = DECODE_MS_MAX } = options;
  let preparing = 0;

  async function timed<T>(stage: ExamineStage, run: () => Promise<T>): Promise<T> {
    const startedMs = performance.now();
    const result = await run();
    onStage?.(stage, performance.now() - startedMs);
    return result;
  }

  const batcher = createBatcher((batch) => timed('infer', () => detector.detect(batch)), () => preparing > 0); // prettier-ignore

  return {
    detector,
    async prepare(read) {
      preparing += 1;
      try {
        const image = await timed('read', read);
        return await timed('decode', () => within(detector.prepare(image), decodeMsMax));
      } finally {
        preparing -= 1;
      }
    },
    detect: (prepared) => batcher.add(prepared),
  };
}

function within<T>(decoding: Promise<T>, limitMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new HangError(`decoding did not end within ${limitMs} ms`)), limitMs);
  });
  return Promise.race([decoding, late]).finally(() => clearTimeout(timer));
}
