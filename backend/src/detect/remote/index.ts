/**
 * Detectors behind HTTP: the RT-DETR protocol and DeepStack's. In: pictures as they came (upright, as JPEG or PNG).
 * Out: objects in whole pixels of the picture. Fails as every detector does: `invalid` for a picture that a server
 * refuses, `unavailable` when no server is left or all tries failed, `overloaded` when the line is too long. Limits:
 * two requests at once at each server, 16 calls waiting for each of these places, three tries a call, the last
 * of which begins within twice the request's time limit, 8 MiB an answer, 1,000 objects a picture.
 */
export { createRemoteDetector, type RemoteDetectorOptions } from './remote-detector.ts';
