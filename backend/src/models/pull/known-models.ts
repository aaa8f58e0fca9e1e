import type { ImportOptions } from '../import/import-model.ts';
import type { ImportedFamily } from '../import/preprocessing.ts';

/** A model that somebody publishes as an ONNX file. */
export interface KnownModel {
  readonly name: string;
  /** https, or http to this very machine. */
  readonly url: string;
  readonly family: ImportedFamily;
  /** As in `models import --labels`. */
  readonly labels: string;
  /** Of the downloaded file; null where nobody here has seen it. */
  readonly bytes: number | null;
  readonly sha256: string | null;
  readonly licence: string;
  /** Who made it. */
  readonly by: string;
  /** What differs from the family's defaults. */
  readonly options?: Pick<ImportOptions, 'size' | 'preprocessing' | 'scoreMin'>;
}

const yolox = (size: string): KnownModel => ({
  name: `yolox-${size}`,
  url: `https://github.com/Megvii-BaseDetection/YOLOX/releases/download/0.1.1rc0/yolox_${size}.onnx`,
  family: 'yolox',
  labels: 'coco80',
  bytes: null,
  sha256: null,
  licence: 'Apache-2.0',
  by: 'Megvii (https://github.com/Megvii-BaseDetection/YOLOX), trained on COCO',
});

/** Conversions that leave the size of their input open: these networks were trained at 640 x 640. */
const detr = (name: string, repository: string, by: string): KnownModel => ({
  name,
  url: `https://huggingface.co/onnx-community/${repository}/resolve/main/onnx/model.onnx`,
  family: 'rtdetr',
  labels: 'coco80',
  bytes: null,
  sha256: null,
  licence: 'Apache-2.0',
  by: `${by}, trained on COCO; converted by https://huggingface.co/onnx-community/${repository}`,
  options: { size: { width: 640, height: 640 } },
});

const RTDETR = 'Peking University and Baidu (https://github.com/lyuwenyu/RT-DETR)';
const DFINE = 'USTC (https://github.com/Peterande/D-FINE)';

/**
 * The models that `nightjar models pull` knows. The addresses are those that the projects' own pages and other
 * programs name. None of these files could be downloaded where this list was written: a `bytes` or `sha256` that nobody
 * here has verified is null, never copied from elsewhere. Whoever has downloaded one may pin it here.
 */
export const knownModels: readonly KnownModel[] = [
  ...['nano', 'tiny', 's', 'm'].map(yolox),
  detr('rtdetr-r18', 'rtdetr_r18vd', RTDETR),
  detr('rtdetr-r50', 'rtdetr_r50vd', RTDETR),
  detr('rtdetrv2-r18', 'rtdetr_v2_r18vd-ONNX', RTDETR),
  detr('rtdetrv2-r50', 'rtdetr_v2_r50vd-ONNX', RTDETR),
  detr('dfine-n', 'dfine_n_coco-ONNX', DFINE),
  detr('dfine-s', 'dfine_s_coco-ONNX', DFINE),
  detr('dfine-m', 'dfine_m_coco-ONNX', DFINE),
];
