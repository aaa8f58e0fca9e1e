/** Reads a TensorFlow.js graph model: `NAME.json` (topology and weight list) and `NAME.bin` (the weights). */
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { NightjarError } from '../../lib/errors.ts';

const attributeSchema = z.object({
  /** base64 */
  s: z.string().optional(),
  i: z.string().optional(),
  b: z.boolean().optional(),
  list: z.object({ s: z.array(z.string()).optional(), i: z.array(z.string()).optional() }).optional(),
});

const nodeSchema = z.object({
  name: z.string(),
  op: z.string(),
  input: z.array(z.string()).default([]),
  attr: z.record(z.string(), attributeSchema).default({}),
});

const weightSchema = z.object({
  name: z.string(),
  shape: z.array(z.int().min(0)),
  dtype: z.enum(['float32', 'int32']),
  quantization: z.object({ dtype: z.literal('float16') }).optional(),
});
type WeightEntry = z.infer<typeof weightSchema>;

const graphSchema = z.object({
  format: z.literal('graph-model'),
  modelTopology: z.object({ node: z.array(nodeSchema) }),
  weightsManifest: z.array(z.object({ weights: z.array(weightSchema) })),
});

export interface TfjsWeight {
  readonly shape: readonly number[];
  readonly values: Float32Array | Int32Array;
}

export interface TfjsNode {
  readonly name: string;
  readonly op: string;
  readonly inputs: readonly string[];
  /** An attribute's text, as in `padding`; undefined where there is none. */
  text(name: string): string | undefined;
  texts(name: string): readonly string[];
  integers(name: string): readonly number[];
  flag(name: string): boolean;
}

export interface TfjsGraph {
  /** In the file's order, which is topological. */
  readonly nodes: readonly TfjsNode[];
  readonly weights: ReadonlyMap<string, TfjsWeight>;
}

/** Throws `invalid` when the files are not a graph model or do not fit each other. */
export async function readTfjsGraph(files: {
  readonly jsonPath: string;
  readonly binPath: string;
}): Promise<TfjsGraph> {
  const [json, bin] = await Promise.all([readFile(files.jsonPath, 'utf8'), readFile(files.binPath)]);
  return parseTfjsGraph(json, bin);
}

export function parseTfjsGraph(json: string, bin: Uint8Array): TfjsGraph {
  const graph = parseTopology(json);
  const entries = graph.weightsManifest.flatMap(({ weights }) => weights);
  return { nodes: graph.modelTopology.node.map(toNode), weights: readWeights(entries, bin) };
}

function parseTopology(json: string): z.infer<typeof graphSchema> {
  try {
    return graphSchema.parse(JSON.parse(json));
  } catch (cause) {
    throw new NightjarError('invalid', 'not a TensorFlow.js graph model that can be imported', { cause });
  }
}

function toNode({ name, op, input, attr }: z.infer<typeof nodeSchema>): TfjsNode {
  return {
    name,
    op,
    inputs: input,
    text: (key) => (attr[key]?.s === undefined ? undefined : fromBase64(attr[key].s)),
    texts: (key) => (attr[key]?.list?.s ?? []).map(fromBase64),
    integers: (key) => (attr[key]?.list?.i ?? []).map(Number),
    flag: (key) => attr[key]?.b ?? false,
  };
}

const fromBase64 = (text: string): string => Buffer.from(text, 'base64').toString('utf8');

/** The weights lie one after another in the order of the manifest, without padding. */
function readWeights(entries: readonly WeightEntry[], bin: Uint8Array): Map<string, TfjsWeight> {
  const weights = new Map<string, TfjsWeight>();
  let offset = 0;
  for (const entry of entries) {
    const count = entry.shape.reduce((product, size) => product * size, 1);
    const end = offset + count * (entry.quantization ? 2 : 4);
    if (end > bin.byteLength) throw new NightjarError('invalid', `weights end inside ${entry.name}`);
    weights.set(entry.name, { shape: entry.shape, values: toValues(entry, copyOf(bin, offset, end)) });
    offset = end;
  }
  if (offset !== bin.byteLength) throw new NightjarError('invalid', 'more weights than the manifest lists');
  return weights;
}

/** A copy, because a typed array must start at a multiple of its element's size. */
const copyOf = (bin: Uint8Array, start: number, end: number): ArrayBuffer =>
  Uint8Array.from(bin.subarray(start, end)).buffer;

function toValues(entry: WeightEntry, bytes: ArrayBuffer): Float32Array | Int32Array {
  if (entry.quantization) return Float32Array.from(new Uint16Array(bytes), fromFloat16);
  return entry.dtype === 'int32' ? new Int32Array(bytes) : new Float32Array(bytes);
}

/** IEEE 754 binary16: 1 sign, 5 exponent and 10 fraction bits. Every value is exact in float32. */
export function fromFloat16(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
