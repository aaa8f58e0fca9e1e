import pLimit from 'p-limit';
import type { Clock } from '../../lib/clock.ts';
import type { Logger } from '../../lib/log.ts';
import type { FamilyRun } from '../families/family.ts';
import type { PreparedPicture } from '../picture/decode.ts';
import type { InputShape } from '../picture/placement.ts';
import { toBucket, toRuns } from './buckets.ts';
import { toBatch } from './thread/input-batch.ts';
import type { Layout } from './layout.ts';
import { createOnnxPool } from './thread/onnx-pool.ts';
import type { OnnxThread } from './thread/onnx-thread.ts';

/** One provider at work. */
export interface Engine {
  readonly layout: Layout;
  /** The outputs of the runs that the pictures took, in order. Throws as the pool does; the pictures stay good. */
  run(pictures: readonly PreparedPicture[]): Promise<readonly FamilyRun[]>;
  /** Why no thread is alive; null when one is. */
  fault(): string | null;
  close(): Promise<void>;
}

export interface EngineOptions {
  readonly layout: Layout;
  readonly input: InputShape;
  readonly start: () => Promise<OnnxThread>;
  /** Whether dead threads are replaced; otherwise whoever has the engine replaces all of it. */
  readonly revive: boolean;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Resolves when every thread is warm; throws `unavailable` when one cannot start. */
export async function createEngine(options: EngineOptions): Promise<Engine> {
  const { layout, input, start, revive, clock, log } = options;
  const pool = await createOnnxPool({ workers: layout.workers, start, revive, clock, log });

  async function runOnce(pictures: readonly PreparedPicture[]): Promise<FamilyRun> {
    const batch = toBucket(pictures.length, layout.buckets);
    const outputs = await pool.run(toBatch(pictures, input, batch));
    return { outputs, batch, placements: pictures.map(({ placement }) => placement) };
  }

  return {
    layout,
    run(pictures) {
      // A call that was meant for a larger engine comes in pieces: as many at once as there are threads.
      const inTurn = pLimit(layout.workers);
      return Promise.all(toRuns(pictures, layout.batchMax).map((run) => inTurn(() => runOnce(run))));
    },
    fault: () => pool.fault(),
    close: () => pool.close(),
  };
}
