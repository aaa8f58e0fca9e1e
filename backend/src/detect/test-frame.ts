import type { LeasedFrame } from '../model/index.ts';

/** A claimed frame, for tests of those who examine. */
export const testFrame: LeasedFrame = {
  id: '018f0000-0000-7000-8000-000000000001',
  cameraId: 'cam',
  state: 'leased',
  sourceName: 'cam/a.jpg',
  sha256: 'a'.repeat(64),
  mediaType: 'image/jpeg',
  mediaPath: 'aa/a.jpg',
  width: 4,
  height: 2,
  bytes: 1,
  capturedAt: new Date(0),
  receivedAt: new Date(0),
  processedAt: null,
  attempts: 1,
  error: null,
  clipId: null,
  clipOffsetMs: null,
  traceParent: null,
};
