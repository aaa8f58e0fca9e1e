import type { GraphBuilder } from '../onnx/onnx-graph.ts';
import { onnxTypes } from '../onnx/onnx-proto.ts';

/** Peaks kept of each image. */
export const DETECTIONS_MAX = 100;

export interface CenternetHead {
  /** [N, classes, size, size]: how likely the centre of an object of a class lies in a cell, 0..1. */
  readonly heat: string;
  /** [N, 4, size, size]: from the cell to the box's left, top, right and bottom, in input pixels. */
  readonly reach: string;
  /** Cells along each side of the map. */
  readonly mapSize: number;
  /** Input pixels from one cell to the next. */
  readonly stride: number;
}

/**
 * Adds the decoding of CenterNet's maps ("Objects as Points", Zhou et al. 2019, section 4): a peak is a cell that no
 * neighbour exceeds; the 100 strongest peaks of each image become boxes. Everything is computed per image, so the
 * batch stays free. Outputs: boxes [N,100,4] as x1,y1,x2,y2 in input pixels, scores [N,100], labels [N,100].
 */
export function addCenternetHead(onnx: GraphBuilder, head: CenternetHead): void {
  const cells = head.mapSize * head.mapSize;
  const cellCount = onnx.int64('cell_count', [cells]);
  const index = addTopPeaks(onnx, head.heat);
  // The flat index runs over class, row, column.
  onnx.node('Cast', [onnx.node('Div', [index, cellCount])], { to: onnxTypes.int32 }, 'labels');
  const cell = onnx.node('Mod', [index, cellCount], {}, 'cell');
  const centres = addCentres(onnx, cell, head);
  addBoxes(onnx, { cell, centres, reach: head.reach, cells });
  onnx.output('boxes', 'float32', ['N', DETECTIONS_MAX, 4]);
  onnx.output('scores', 'float32', ['N', DETECTIONS_MAX]);
  onnx.output('labels', 'int32', ['N', DETECTIONS_MAX]);
}

/** Names `scores` and returns the flat indices of the peaks, [N,100]. */
function addTopPeaks(onnx: GraphBuilder, heat: string): string {
  const around = onnx.node('MaxPool', [heat], { kernel_shape: [3, 3], pads: [1, 1, 1, 1], strides: [1, 1] });
  const isPeak = onnx.node('Cast', [onnx.node('Equal', [heat, around])], { to: onnxTypes.float32 });
  const peaks = onnx.node('Flatten', [onnx.node('Mul', [heat, isPeak])], { axis: 1 });
  onnx.nodeWithOutputs('TopK', [peaks, onnx.int64('peaks_max', [DETECTIONS_MAX])], ['scores', 'peak'], { axis: 1 });
  return 'peak';
}

/** The input pixel of each peak twice over, [N,4,100] as x,y,x,y. */
function addCentres(onnx: GraphBuilder, cell: string, head: CenternetHead): string {
  const width = onnx.int64('map_size', [head.mapSize]);
  const channel = onnx.int64('channel_axis', [1]);
  const column = onnx.node('Unsqueeze', [onnx.node('Mod', [cell, width]), channel]);
  const row = onnx.node('Unsqueeze', [onnx.node('Div', [cell, width]), channel]);
  const corners = onnx.node('Concat', [column, row, column, row], { axis: 1 });
  const stride = onnx.float32('stride', [], Float32Array.of(head.stride));
  return onnx.node('Mul', [onnx.node('Cast', [corners], { to: onnxTypes.float32 }), stride], {}, 'centres');
}

function addBoxes(
  onnx: GraphBuilder,
  { cell, centres, reach, cells }: { cell: string; centres: string; reach: string; cells: number },
): void {
  // Left and top are counted backwards from the centre.
  const sign = onnx.float32('sign', [4, 1], Float32Array.of(-1, -1, 1, 1));
  const flat = onnx.node('Reshape', [reach, onnx.int64('reach_shape', [0, 4, cells])]);
  const four = onnx.node('Unsqueeze', [cell, onnx.int64('four_axis', [1])]);
  const index = onnx.node('Concat', [four, four, four, four], { axis: 1 });
  const reaches = onnx.node('GatherElements', [flat, index], { axis: 2 });
  const boxes = onnx.node('Add', [centres, onnx.node('Mul', [reaches, sign])]);
  onnx.node('Transpose', [boxes], { perm: [0, 2, 1] }, 'boxes');
}
