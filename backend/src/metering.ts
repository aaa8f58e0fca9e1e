/** Where the rooms' doings meet the meters: each part as it was, and counted. No room knows of it. */
import type { Config } from './config.ts';
import type { Detector } from './detect/index.ts';
import type { EventStore } from './events/index.ts';
import { VERSION } from './version.ts';
import { systemClock, type Clock } from './lib/clock.ts';
import type { Logger } from './lib/log.ts';
import type { Meters } from './metrics/index.ts';
import type { Analyst } from './model/analysis.ts';
import type { Queue } from './queue/index.ts';
import type { TracesOptions } from './tracing/index.ts';

export function meterQueue(queue: Queue, meters: Meters): Queue {
  const { clips } = queue;
  return {
    ...queue,
    async record(arrival) {
      const outcome = await queue.record(arrival);
      if (outcome === 'recorded') meters.ingested(arrival.cameraId, 'picture');
      return outcome;
    },
    async recordClip(arrival) {
      const outcome = await queue.recordClip(arrival);
      if (outcome === 'recorded') meters.clipIngested(arrival.cameraId);
      return outcome;
    },
    fail(frame, error) {
      meters.attemptFailed(error.kind);
      return queue.fail(frame, error);
    },
    clips: {
      ...clips,
      async recordClipFrames(clip, frames) {
        const isHeld = await clips.recordClipFrames(clip, frames);
        if (isHeld) meters.ingested(clip.cameraId, 'clip', frames.length);
        return isHeld;
      },
      async completeClip(clip) {
        const isHeld = await clips.completeClip(clip);
        if (isHeld) meters.clipCut(clip.cameraId);
        return isHeld;
      },
    },
  };
}

/** `clock` is that of the database: frames are stamped by it. */
export function meterEvents(events: EventStore, meters: Meters, clock: Pick<Clock, 'nowMs'>): EventStore {
  return {
    ...events,
    async store(examined) {
      const isStored = await events.store(examined);
      if (isStored) meters.done(examined.frame, clock.nowMs());
      return isStored;
    },
  };
}

export function meterDetector<Prepared>(detector: Detector<Prepared>, meters: Meters): Detector<Prepared> {
  return {
    ...detector,
    // A server may change it.
    get model() {
      return detector.model;
    },
    async detect(batch) {
      const startedMs = performance.now();
      let isOk = false;
      try {
        const found = await detector.detect(batch);
        isOk = true;
        return found;
      } finally {
        meters.run(detector.name, { pictures: batch.length, durationMs: performance.now() - startedMs, isOk });
      }
    },
  };
}

export function meterAnalyst(analyst: Analyst, meters: Meters): Analyst {
  return {
    ...analyst,
    async analyze(dossier, signal) {
      const startedMs = performance.now();
      const verdict = await analyst.analyze(dossier, signal);
      meters.verdict(verdict, performance.now() - startedMs);
      return verdict;
    },
  };
}

export const toTraces = (
  { traces, roles }: Config,
  { meters, log }: { meters: Meters; log: Logger },
): TracesOptions => ({
  ...traces,
  version: VERSION,
  roles: [...roles],
  clock: systemClock,
  log,
  onSpans: meters.spans,
});
