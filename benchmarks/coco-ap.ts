/**
 * Average precision of boxes as COCO defines it (Lin et al. 2014; detection evaluation "AP": 101-point interpolated,
 * mean over IoU 0.50:0.05:0.95 and over the classes that occur, all areas, at most 100 detections a picture).
 */
import { z } from 'zod';

const boxSchema = z.tuple([z.number(), z.number(), z.number(), z.number()]);
/** x, y, width, height */
export type Box = z.infer<typeof boxSchema>;

/** The parts of COCO's `instances.json` that matter here. */
export const cocoSchema = z.object({
  images: z.array(z.object({ id: z.number(), file_name: z.string(), width: z.number(), height: z.number() })),
  annotations: z.array(
    z.object({ image_id: z.number(), category_id: z.number(), bbox: boxSchema, iscrowd: z.number().default(0) }),
  ),
  categories: z.array(z.object({ id: z.number(), name: z.string() })),
});
export type Coco = z.infer<typeof cocoSchema>;

export interface Found {
  readonly imageId: number;
  readonly label: string;
  readonly score: number;
  readonly bbox: Box;
}

export interface Precision {
  readonly ap: number;
  readonly ap50: number;
  readonly byLabel: ReadonlyMap<string, number>;
}

interface Truth {
  readonly bbox: Box;
  /** A region of many objects: what falls into it counts neither for nor against. */
  readonly isCrowd: boolean;
}

interface Verdict {
  readonly score: number;
  readonly isHit: boolean;
}

const THRESHOLDS = Array.from({ length: 10 }, (_, index) => 0.5 + index * 0.05);
const RECALLS = Array.from({ length: 101 }, (_, index) => index / 100);
const FOUND_PER_IMAGE_MAX = 100;

export function averagePrecision(coco: Coco, found: readonly Found[]): Precision {
  const perLabel = coco.categories.flatMap((category) => {
    const truths = truthsByImage(coco, category.id);
    const present = [...truths.values()].flat().filter(({ isCrowd }) => !isCrowd).length;
    if (present === 0) return [];
    const ofLabel = foundByImage(found, category.name);
    return [{ name: category.name, aps: THRESHOLDS.map((iou) => precisionAt(iou, truths, ofLabel, present)) }];
  });
  return {
    ap: mean(perLabel.map(({ aps }) => mean(aps))),
    ap50: mean(perLabel.map(({ aps }) => aps[0] ?? 0)),
    byLabel: new Map(perLabel.map(({ name, aps }) => [name, mean(aps)])),
  };
}

function truthsByImage(coco: Coco, categoryId: number): Map<number, Truth[]> {
  const truths = new Map<number, Truth[]>();
  for (const { image_id, category_id, bbox, iscrowd } of coco.annotations)
    if (category_id === categoryId) listOf(truths, image_id).push({ bbox, isCrowd: iscrowd === 1 });
  // A detection may only fall to a crowd when no single object is left for it.
  for (const list of truths.values()) list.sort((one, other) => Number(one.isCrowd) - Number(other.isCrowd));
  return truths;
}

function foundByImage(found: readonly Found[], label: string): Map<number, Found[]> {
  const ofLabel = new Map<number, Found[]>();
  for (const object of found) if (object.label === label) listOf(ofLabel, object.imageId).push(object);
  for (const list of ofLabel.values()) list.sort(byScore).splice(FOUND_PER_IMAGE_MAX);
  return ofLabel;
}

function listOf<T>(lists: Map<number, T[]>, key: number): T[] {
  const list = lists.get(key) ?? [];
  lists.set(key, list);
  return list;
}

function precisionAt(
  iou: number,
  truths: ReadonlyMap<number, Truth[]>,
  found: ReadonlyMap<number, Found[]>,
  present: number,
): number {
  const verdicts = [...found].flatMap(([imageId, list]) => judge(list, truths.get(imageId) ?? [], iou));
  return interpolate(verdicts.sort(byScore), present);
}

/** Greedy: the strongest detection takes the object that it overlaps most. What falls to a crowd is left out. */
function judge(found: readonly Found[], truths: readonly Truth[], iouMin: number): Verdict[] {
  const taken = new Set<Truth>();
  return found.flatMap(({ bbox, score }) => {
    const free = truths.filter((truth) => !taken.has(truth));
    const single = best(bbox, free.filter(({ isCrowd }) => !isCrowd), iouMin); // prettier-ignore
    if (single) taken.add(single);
    else if (best(bbox, free.filter(({ isCrowd }) => isCrowd), iouMin)) return []; // prettier-ignore
    return [{ score, isHit: single !== undefined }];
  });
}

function best(bbox: Box, truths: readonly Truth[], iouMin: number): Truth | undefined {
  let chosen: Truth | undefined;
  let most = Math.min(iouMin, 1 - 1e-10);
  for (const truth of truths) {
    const share = overlap(bbox, truth);
    if (share < most) continue;
    most = share;
    chosen = truth;
  }
  return chosen;
}

/** Intersection over union; with a crowd, over the detection's own area. */
function overlap([x, y, width, height]: Box, { bbox, isCrowd }: Truth): number {
  const across = Math.min(x + width, bbox[0] + bbox[2]) - Math.max(x, bbox[0]);
  const down = Math.min(y + height, bbox[1] + bbox[3]) - Math.max(y, bbox[1]);
  if (across <= 0 || down <= 0) return 0;
  const common = across * down;
  return common / (isCrowd ? width * height : width * height + bbox[2] * bbox[3] - common);
}

/** The mean, over 101 recalls, of the best precision at that recall or beyond. */
function interpolate(verdicts: readonly Verdict[], present: number): number {
  let hits = 0;
  const curve = verdicts.map(({ isHit }, index) => {
    hits += Number(isHit);
    return { precision: hits / (index + 1), recall: hits / present };
  });
  let bestSoFar = 0;
  const envelope = curve.reverse().map(({ precision, recall }) => {
    bestSoFar = Math.max(bestSoFar, precision);
    return { precision: bestSoFar, recall };
  });
  envelope.reverse();
  return mean(RECALLS.map((recall) => envelope.find((point) => point.recall >= recall)?.precision ?? 0));
}

const byScore = (one: { score: number }, other: { score: number }): number => other.score - one.score;
const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
