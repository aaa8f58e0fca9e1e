/** What the tests of what stands still share: a scene of one camera, without a database. */
import { NEIGHBOURS, seeFrame, type Remembered, type SceneObject } from './stationary.ts';

const STATIONARY_S = 60;
export const HOUR_S = 3_600;
export const DAY_S = 24 * HOUR_S;

export const at = (x: number, label = 'car'): SceneObject => ({ label, box: { x, y: 0.5, width: 0.2, height: 0.1 } });
export const car = at(0.1);

/** A camera whose frames come one after the other; tells of each object whether it counts. */
export function watchScene(stationaryMs = STATIONARY_S * 1_000) {
  let next = 0;
  let memory: readonly Remembered[] = [];
  const examined: number[] = [];
  const rules = { stationaryMs, newId: () => `o${++next}` };
  function see(second: number, ...objects: readonly SceneObject[]): readonly boolean[] {
    const capturedMs = second * 1_000;
    const near = (isNear: (ms: number) => boolean) =>
      examined.filter(isNear).sort((a, b) => Math.abs(a - capturedMs) - Math.abs(b - capturedMs)).slice(0, NEIGHBOURS); // prettier-ignore
    const frame = {
      ...{ capturedMs, receivedMs: Math.max(capturedMs, ...examined), objects },
      examinedBeforeMs: near((ms) => ms < capturedMs),
      examinedAfterMs: near((ms) => ms > capturedMs),
    };
    examined.push(capturedMs);
    // Without objects that count nobody looks into the memory.
    if (objects.length === 0) return [];
    const scene = seeFrame(memory, frame, rules);
    memory = scene.memory;
    return scene.stationary.map((isStill) => !isStill);
  }
  return { see, memory: () => memory, times: (...times: number[]) => times.map((second) => see(second, car)[0]) };
}

/** Every so many seconds, from the first up to and without the last. */
export const every = (stepS: number, fromS: number, untilS: number): number[] =>
  Array.from({ length: Math.ceil((untilS - fromS) / stepS) }, (_, index) => fromS + index * stepS);
