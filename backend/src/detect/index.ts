/**
 * The detectors' room. In: encoded pictures. Out: objects in whole pixels of the original picture, strongest first.
 * Fails with `invalid` (not a whole picture, or too large: final), `unavailable` (the engine or its thread failed: try
 * again) and `overloaded` (too many calls wait). Limits: `batchMax` pictures a call, `runsMax` calls computing, 16
 * times as many waiting, 60 s a run, `imagePixelsMax` pixels a picture.
 */
export { annotate, type AnnotateOptions } from './picture/annotate.ts';
export { createDecoder, measurePicture, type PreparedPicture } from './picture/decode.ts';
export type { Detector, DetectorBackend, DetectorHealth, EncodedImage, Found } from './detector.ts';
export { createExaminer, type Examiner } from './examiner.ts';
export { createIsolatedDetector, type IsolatedDetector } from './isolated/isolated-detector.ts';
export { serveIsolated } from './isolated/child.ts';
export {
  createOnnxDetector,
  type DetectorModel,
  type OnnxDetector,
  type OnnxDetectorOptions,
} from './onnx/onnx-detector.ts';
export { createRemoteDetector, type RemoteDetectorOptions } from './remote/index.ts';
export { surveyProviders, measureLayout, type ProviderFinding } from './onnx/trial/survey.ts';
export { toLayout, withBatchMax, type Layout } from './onnx/layout.ts';
export type { Measured, Trial } from './onnx/trial/measure.ts';
export { findAbsence, readMachine, type Machine, type ProviderName } from './onnx/providers.ts';
export { createDetectWorker, type DetectStage, type DetectWorker } from './worker.ts';
