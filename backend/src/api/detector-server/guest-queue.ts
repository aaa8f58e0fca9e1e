import pLimit from 'p-limit';
import { NightjarError } from '../../lib/errors.ts';
import { isPictureStart } from '../../lib/picture-start.ts';
import type { DetectedObject } from '../../model/index.ts';
import type { FormFile } from './multipart.ts';
import type { GuestDetector } from '../options.ts';
import { HttpRefusal } from '../problem.ts';

/** Beside those that are being examined. */
const WAITING_MAX = 128;

/** What was seen in one picture. */
export interface Seen {
  /** Pixels of the upright picture. */
  readonly width: number;
  readonly height: number;
  /** Strongest first. */
  readonly objects: readonly DetectedObject[];
  /** From its turn to its result: decoding, waiting for the batch, inference. */
  readonly durationMs: number;
}

export interface GuestQueue {
  /** Throws `overloaded` when so many more pictures cannot be taken. */
  assertRoom(pictures: number): void;
  /**
   * What is in each picture, or, where the picture itself is to blame, why it could not be examined. Rejects with the
   * reason of `gone` once its guest is gone, and with what is no picture's own fault.
   */
  look(pictures: readonly FormFile[], gone: AbortSignal): Promise<readonly (Seen | NightjarError)[]>;
}

/** Where guests' pictures are examined: so many at once, so many that wait. */
export function createGuestQueue(detector: GuestDetector, waitingMax = WAITING_MAX): GuestQueue {
  const limit = pLimit(detector.picturesAtOnceMax);

  function assertRoom(pictures: number): void {
    const free = detector.picturesAtOnceMax - limit.activeCount;
    if (limit.pendingCount + pictures > free + waitingMax)
      throw new NightjarError('overloaded', 'too many pictures are waiting to be examined: try again in a moment');
  }

  async function examine({ bytes, isTooLarge }: FormFile): Promise<Seen> {
    if (isTooLarge) throw new HttpRefusal(413, `a picture may have ${detector.imageBytesMax} bytes at most`);
    if (bytes.length === 0) throw new NightjarError('invalid', 'not a picture: it is empty');
    if (!isPictureStart(bytes)) throw new NightjarError('invalid', 'not a picture: the content is of no known format');
    const startedMs = performance.now();
    const size = await detector.measure(bytes);
    const objects = await detector.examine({ bytes, ...size });
    return { ...size, objects, durationMs: performance.now() - startedMs };
  }

  return {
    assertRoom,
    async look(pictures, gone) {
      assertRoom(pictures.length);
      const examineUnlessGone = async (picture: FormFile): Promise<Seen | NightjarError> => {
        gone.throwIfAborted();
        return examine(picture).catch(toOwnFault);
      };
      return Promise.all(pictures.map((picture) => limit(examineUnlessGone, picture)));
    },
  };
}

/** What lies in the picture itself is its own result; anything else is no fault of this picture. */
function toOwnFault(thrown: unknown): NightjarError {
  if (thrown instanceof NightjarError && thrown.kind === 'invalid') return thrown;
  throw thrown;
}
