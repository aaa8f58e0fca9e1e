/**
 * The models' room. In: a model folder (`model.json`, the card, and `model.onnx`, the network), or the bundled model's
 * source package. Out: a checked card with the path of its network. Fails with `not_found` (folder or network missing)
 * and `invalid` (a faulty card, or a network other than the one whose sha256 the card pins). Limits: one model in
 * memory at a time while it is read or built (8 MB for the bundled one).
 */
export { BUNDLED_MODEL, importBundledModel } from './import-centernet.ts';
export { readModel, type Model, type ModelCard } from './model-card.ts';
