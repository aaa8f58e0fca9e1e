/**
 * The detectors' room. In: encoded pictures. Out: objects in whole pixels of the original picture, strongest first.
 * Fails with `invalid` (not a whole picture, or too large: final), `unavailable` (the engine or its thread failed: try
 * again) and `overloaded` (too many calls wait). Limits: `batchMax` pictures a call, `runsMax` calls computing, 16
 * times as many waiting, 60 s a run, `imagePixelsMax` pixels a picture.
 */
export { annotate, type AnnotateOptions } from './annotate.ts';
export { measurePicture, type PreparedPicture } from './decode.ts';
export type { Detector, DetectorHealth, EncodedImage } from './detector.ts';
export { createOnnxDetector, type DetectorModel, type OnnxDetectorOptions } from './onnx-detector.ts';
export { createDetectWorker, type DetectStage, type DetectWorker } from './worker.ts';
