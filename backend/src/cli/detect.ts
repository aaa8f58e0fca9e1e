/**
 * `nightjar detect`: one-off detection on files and folders. Several files are in the works at once, what is written
 * keeps their order, and a bad file is told of and does not stop the others.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, extname, join, resolve } from 'node:path';
import { annotate, measurePicture, type Detector, type Found } from '../detect/index.ts';
import { NightjarError, toNightjarError } from '../lib/errors.ts';
import { createDetectReport, type FileResult } from './detect-report.ts';
import { listPictures, readPictureFile, toFileError, type PictureFile } from './picture-files.ts';

export interface DetectOptions {
  readonly paths: readonly string[];
  /** A line of JSON for each file instead of a table. */
  readonly json: boolean;
  /** Where to put the pictures with boxes drawn in; nowhere if undefined. */
  readonly annotateDir: string | undefined;
  /** Whichever engine is configured; closed by whoever opened it. */
  readonly detector: Detector;
  readonly imageBytesMax: number;
  readonly imagePixelsMax: number;
  /** Takes a line (or a table of several) of what the command was asked for, without its end. */
  readonly write: (line: string) => void;
}

/** Batches in the works for each that computes: one computing, one decoded, one being read. */
const BATCHES_PER_RUN = 3;

/** Resolves to the exit code: 0, or 1 if any file failed. */
export async function runDetect(options: DetectOptions): Promise<0 | 1> {
  const { detector } = options;
  const files = nameApart(await listPictures(options.paths, options.annotateDir));
  const report = createDetectReport({ json: options.json, model: detector.model, write: options.write });
  const batches = chunk(files, detector.batchMax);
  const windowMax = detector.runsMax * BATCHES_PER_RUN;
  let exitCode: 0 | 1 = 0;
  for await (const results of inOrder(batches, windowMax, (batch) => examineBatch(batch, options)))
    for (const result of results) {
      report.add(result);
      if (result.error) exitCode = 1;
    }
  report.end();
  return exitCode;
}

interface Opened {
  readonly bytes: Buffer;
  readonly width: number;
  readonly height: number;
  readonly prepared: unknown;
}

/** Never rejects: what fails is told in the file's own result. */
async function examineBatch(files: readonly PictureFile[], options: DetectOptions): Promise<FileResult[]> {
  const opened = await Promise.allSettled(files.map((file) => open(file, options)));
  const good = opened.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  const found = options.detector.detect(good.map(({ prepared }) => prepared));
  const [detected] = await Promise.allSettled([found]);
  return Promise.all(
    files.map(async (file, index): Promise<FileResult> => {
      const result = opened[index];
      if (result?.status !== 'fulfilled') return { path: file.path, error: toNightjarError(result?.reason) };
      if (detected.status === 'rejected') return { path: file.path, error: toNightjarError(detected.reason) };
      return finish(file, result.value, toFound(detected.value[good.indexOf(result.value)]), options);
    }),
  );
}

/** A picture without a result is a failed file, never one without objects. */
function toFound(found: Found | undefined): Found {
  return found ?? new NightjarError('internal', 'the detector gave no result for this picture');
}

async function open(file: PictureFile, { detector, imageBytesMax, imagePixelsMax }: DetectOptions): Promise<Opened> {
  if (file.error) throw file.error;
  const bytes = await readPictureFile(file.path, imageBytesMax);
  const size = await measurePicture(bytes, { imagePixelsMax });
  return { bytes, ...size, prepared: await detector.prepare({ bytes, ...size }) };
}

async function finish(
  file: PictureFile,
  { bytes, width, height }: Opened,
  objects: Found,
  { annotateDir, imagePixelsMax }: DetectOptions,
): Promise<FileResult> {
  if (objects instanceof NightjarError) return { path: file.path, error: objects };
  try {
    if (annotateDir !== undefined)
      await writeAnnotated(file, join(annotateDir, file.name), await annotate(bytes, objects, { imagePixelsMax }));
    return { path: file.path, width, height, objects };
  } catch (thrown) {
    return { path: file.path, error: toFileError(thrown) };
  }
}

async function writeAnnotated(file: PictureFile, target: string, jpeg: Buffer): Promise<void> {
  if (resolve(target) === resolve(file.path))
    throw new NightjarError('conflict', 'the annotated picture would replace the picture itself');
  await mkdir(dirname(target), { recursive: true });
  await writeFile(target, jpeg);
}

/** Gives each file a name of its own for its annotated picture, which is a JPEG whatever the file is. */
function nameApart(files: readonly PictureFile[]): PictureFile[] {
  const taken = new Set<string>();
  return files.map((file) => {
    const extension = extname(file.name);
    const isJpeg = ['.jpg', '.jpeg'].includes(extension.toLowerCase());
    const [stem, ending] = isJpeg ? [file.name.slice(0, -extension.length), extension] : [file.name, '.jpg'];
    let name = `${stem}${ending}`;
    for (let copy = 2; taken.has(name); copy++) name = `${stem}-${copy}${ending}`;
    taken.add(name);
    return { ...file, name };
  });
}

function chunk<T>(items: readonly T[], sizeMax: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / sizeMax) }, (_, index) =>
    items.slice(index * sizeMax, (index + 1) * sizeMax),
  );
}

/** Works on up to `windowMax` items at once and yields the results in the items' order. `work` must not reject. */
async function* inOrder<In, Out>(
  items: readonly In[],
  windowMax: number,
  work: (item: In) => Promise<Out>,
): AsyncGenerator<Out> {
  const window: Promise<Out>[] = [];
  for (const item of items) {
    window.push(work(item));
    const [oldest] = window;
    if (oldest && window.length >= windowMax) {
      yield await oldest;
      void window.shift();
    }
  }
  for (const rest of window) yield await rest;
}
