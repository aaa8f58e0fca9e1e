/**
 * The models' room. In: a model folder (`model.json`, the card, and `model.onnx`, the network); the bundled model's
 * source package; a foreign `.onnx` file; the name of a known model to download. Out: a checked card with the path of
 * its network; a new model folder, whole or not at all. Fails with `not_found` (folder, file or name), `invalid` (a
 * faulty card; a network other than the one whose sha256 the card pins; a file that cannot be imported, or is not the
 * one that was to be downloaded), `conflict` (the name is taken) and `unavailable` (disk, network). Limits: one model
 * in memory at a time (an import holds it about four times); 2 GiB a file; 180 s for the trial of an import; a download
 * is given up after five tries in a row that bring nothing, 30 s each.
 */
export { BUNDLED_MODEL, importBundledModel } from './bundled/import-centernet.ts';
export { importModel, type ImportOptions, type ImportReport } from './import/import-model.ts';
export { readLabels } from './import/labels.ts';
export { importedFamilies, type ImportedFamily, type Preprocessing, type Rgb } from './import/preprocessing.ts';
export { readModel, type Model, type ModelCard } from './model-card.ts';
export { knownModels, type KnownModel } from './pull/known-models.ts';
export { pullModel, type PullOptions, type PullReport } from './pull/pull-model.ts';
