import { readFile, stat } from 'node:fs/promises';
import { errorCode, NightjarError } from '../../lib/errors.ts';
import { coco80, coco91 } from './coco-labels.ts';

const KNOWN: Readonly<Record<string, readonly string[]>> = { coco80, coco91 };
const LABELS_MAX = 10_000;
const FILE_BYTES_MAX = 1_048_576;

/**
 * The labels by class number that `text` stands for: `coco80`, `coco91`, a file with one label a line, or the labels
 * themselves with commas between. Throws `invalid` when it is none of them, and for a label that comes twice: two
 * classes of one name could not be told apart.
 */
export async function readLabels(text: string): Promise<readonly string[]> {
  const known = KNOWN[text];
  if (known) return known;
  const labels = toLabels(text.includes(',') ? text.split(',') : await readLines(text));
  const twice = labels.find((label, index) => labels.indexOf(label) !== index);
  if (twice !== undefined) throw new NightjarError('invalid', `the label "${twice}" comes twice`);
  return labels;
}

function toLabels(parts: readonly string[]): readonly string[] {
  const labels = parts.map((part) => part.trim());
  // A file may end with empty lines; an empty one between would move all after it by one class.
  while (labels.at(-1) === '') labels.pop();
  if (labels.length === 0 || labels.length > LABELS_MAX)
    throw new NightjarError('invalid', `${labels.length} labels: must be 1 to ${LABELS_MAX}`);
  const empty = labels.indexOf('');
  if (empty !== -1) throw new NightjarError('invalid', `label ${empty + 1} of ${labels.length} is empty`);
  return labels;
}

async function readLines(path: string): Promise<readonly string[]> {
  try {
    const { size } = await stat(path);
    if (size > FILE_BYTES_MAX) throw new NightjarError('invalid', `${path} is no list of labels: ${size} bytes`);
    return (await readFile(path, 'utf8')).split(/\r?\n/);
  } catch (cause) {
    // A word of its own is a list of one label; a path that leads nowhere is a typing error.
    if (errorCode(cause) === 'ENOENT' && !/[./\\]/.test(path)) return [path];
    if (cause instanceof NightjarError) throw cause;
    throw new NightjarError('invalid', `the labels cannot be read from ${path}`, { cause });
  }
}
