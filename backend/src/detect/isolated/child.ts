/** The examining process from the inside: opens detectors, then examines one picture after another. */
import { writeFileSync } from 'node:fs';
import os from 'node:os';
import { NightjarError, toNightjarError } from '../../lib/errors.ts';
import type { Detector, EncodedImage } from '../detector.ts';
import type { FromChild, ToChild } from './message.ts';

const say = (message: FromChild): void => void process.send?.(message);

/**
 * Serves the process that started this one, until it is killed by it or finds it gone. `open` gets the settings that
 * were given to `startProcess` there.
 */
export function serveIsolated<Settings>(open: (settings: Settings) => Promise<readonly Detector[]>): void {
  // Nobody is there to listen any more; native code that hangs would keep an orderly end waiting.
  process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
  yieldToOthers();
  let detectors: readonly Detector[] = [];

  async function answer(message: ToChild): Promise<FromChild> {
    if (message.type === 'examine') return examine(detectors, message.image);
    detectors = await open(message.settings as Settings);
    requireReady(detectors);
    return { type: 'ready' };
  }

  process.on('message', (message: ToChild) => {
    answer(message).then(say, (thrown: unknown) => {
      const { kind, message: words } = toNightjarError(thrown);
      say({ type: 'failed', kind, message: words });
    });
  });
}

/** Behind the pipeline when cores are short, as its inference threads are; and before it where memory is. */
function yieldToOthers(): void {
  os.setPriority(os.constants.priority.PRIORITY_BELOW_NORMAL);
  if (process.platform !== 'linux') return;
  try {
    writeFileSync('/proc/self/oom_score_adj', '1000');
  } catch {
    // A sandbox may forbid it: then the kernel's own choice holds.
  }
}

async function examine(detectors: readonly Detector[], image: EncodedImage): Promise<FromChild> {
  const detector = requireReady(detectors);
  const [found = []] = await detector.detect([await detector.prepare(image)]);
  if (found instanceof NightjarError) throw found;
  return {
    type: 'found',
    model: detector.model,
    objects: found.map(({ label, score, bbox }) => ({ label, score, bbox })),
  };
}

function requireReady(detectors: readonly Detector[]): Detector {
  const ready = detectors.find((detector) => detector.health().state === 'ready');
  if (ready) return ready;
  throw new NightjarError('unavailable', detectors[0]?.health().reason ?? 'no detector is configured');
}
