import { createHash, randomUUID } from 'node:crypto';
import { createLocalBus, createTransact } from '../../src/broadcast/index.ts';
import type { Transact } from '../../src/db/index.ts';
import { systemClock as clock } from '../../src/lib/clock.ts';
import { newId } from '../../src/lib/id.ts';
import { silentLog as log } from '../../src/lib/log.ts';
import type { Arrival } from '../../src/model/index.ts';
import { createQueue, type Queue, type QueueOptions } from '../../src/queue/index.ts';
import type { TestDatabase } from './database.ts';

export const toTransact = (db: TestDatabase): Transact => createTransact({ db, bus: createLocalBus(), clock });

export function createTestQueue(
  db: TestDatabase,
  options: Partial<
    Pick<QueueOptions, 'leaseMs' | 'attemptsMax' | 'camerasMax' | 'onPending' | 'onClip' | 'isStored'>
  > = {},
): Promise<Queue> {
  const { leaseMs = 60_000, attemptsMax = 3, onPending = () => undefined, onClip = () => undefined } = options;
  const { isStored = () => Promise.resolve(true), camerasMax = 200 } = options;
  return createQueue({
    db,
    target: db.target,
    transact: toTransact(db),
    clock,
    log,
    newId,
    leaseMs,
    attemptsMax,
    camerasMax,
    onPending,
    onClip,
    isStored,
  });
}

/** A good picture of `cameraId`, with content of its own unless told otherwise. */
export function toArrival(cameraId: string, partial: Partial<Arrival> = {}): Arrival {
  const content = partial.sha256 ?? createHash('sha256').update(randomUUID()).digest('hex');
  return {
    cameraId,
    sourceName: `${content.slice(0, 8)}.jpg`,
    sha256: content,
    mediaType: 'image/jpeg',
    mediaPath: `${cameraId}/${content.slice(0, 2)}/${content}.jpg`,
    width: 640,
    height: 480,
    bytes: 1_000,
    capturedAt: new Date('2024-06-10T12:00:00Z'),
    error: null,
    left: null,
    ...partial,
  };
}
