import type { ModelCard } from '../model-card.ts';

/** Families whose networks come as ONNX files from elsewhere. */
export const importedFamilies = ['rtdetr', 'yolox'] as const;
export type ImportedFamily = (typeof importedFamilies)[number];

/** Three numbers in the order red, green, blue, whatever the network's own order is. */
export type Rgb = readonly [number, number, number];

/** What is done to a picture before the network sees it: where it is laid, and value = (byte x scale - mean) / std. */
export interface Preprocessing {
  readonly resize: ModelCard['input']['resize'];
  readonly align: ModelCard['input']['align'];
  /** The grey, 0..255, beside a letterboxed picture. */
  readonly pad: number;
  /** The order in which the network wants the channels. */
  readonly channels: 'rgb' | 'bgr';
  readonly scale: number;
  readonly mean: Rgb;
  readonly std: Rgb;
}

interface FamilyDefaults {
  readonly preprocessing: Preprocessing;
  readonly scoreMin: number;
}

const asTheyAre = { mean: [0, 0, 0], std: [1, 1, 1] } as const;

/**
 * As the networks were trained by their authors: YOLOX (`yolox/data/data_augment.py`, preproc) letterboxes to the top
 * left on grey 114 and takes BGR bytes; RT-DETR and D-FINE stretch and take RGB in 0..1. RF-DETR wants `mean` and `std`
 * besides. With 0.5 YOLOX-nano is right as often as the bundled model with its 0.35: precision 0.83 and recall 0.46 for
 * the default labels on 80 pictures of COCO val2017, at IoU 0.5.
 */
export const familyDefaults: Readonly<Record<ImportedFamily, FamilyDefaults>> = {
  yolox: {
    preprocessing: { resize: 'letterbox', align: 'corner', pad: 114, channels: 'bgr', scale: 1, ...asTheyAre },
    scoreMin: 0.5,
  },
  rtdetr: {
    preprocessing: { resize: 'stretch', align: 'centre', pad: 114, channels: 'rgb', scale: 1 / 255, ...asTheyAre },
    scoreMin: 0.5,
  },
};
