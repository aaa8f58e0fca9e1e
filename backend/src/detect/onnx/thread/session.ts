/** A network as a session of ONNX Runtime. For threads only: native code computes on the thread that calls it. */
import ort from 'onnxruntime-node';
import type { ProviderName } from '../providers.ts';

export interface SessionSettings {
  readonly onnxPath: string;
  readonly provider: ProviderName;
  /** Threads that one run may use. */
  readonly threads: number;
  readonly input: { readonly name: string; readonly width: number; readonly height: number };
}
export type Session = ort.InferenceSession;
/** Typed arrays by output name. */
export type RunOutputs = Readonly<Record<string, unknown>>;

/** Warnings (nodes left to the CPU, devices that are not there) are nobody's business: what fails is thrown. */
const LOG_ERRORS = 3;
ort.env.logLevel = 'error';

const executionProviders = {
  // What TensorRT does not know goes to CUDA, which it needs anyway.
  tensorrt: [
    { name: 'tensorrt', deviceId: 0 },
    { name: 'cuda', deviceId: 0 },
  ],
  cuda: [{ name: 'cuda', deviceId: 0 }],
  webgpu: [{ name: 'webgpu' }],
  cpu: [{ name: 'cpu' }],
} as const satisfies Record<ProviderName, ort.InferenceSession.SessionOptions['executionProviders']>;

/** Loads the network; with `dimensions`, for exactly these sizes of its free dimensions. */
export function openSession(
  { onnxPath, provider, threads }: SessionSettings,
  dimensions: Readonly<Record<string, number>> = {},
): Promise<Session> {
  return ort.InferenceSession.create(onnxPath, {
    executionProviders: executionProviders[provider],
    freeDimensionOverrides: dimensions,
    graphOptimizationLevel: 'all',
    enableCpuMemArena: true,
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    logSeverityLevel: LOG_ERRORS,
  });
}

/** The name that the network gives to its batch dimension; undefined where that has a fixed size, or no name. */
export async function readBatchSymbol({ onnxPath, input }: SessionSettings): Promise<string | undefined> {
  const session = await ort.InferenceSession.create(onnxPath, {
    executionProviders: executionProviders.cpu,
    graphOptimizationLevel: 'disabled',
    logSeverityLevel: LOG_ERRORS,
  });
  const found = session.inputMetadata.find(({ name }) => name === input.name);
  await session.release();
  const [batch] = found?.isTensor ? found.shape : [];
  return typeof batch === 'string' && batch !== '' ? batch : undefined;
}

/** `pixels` is [batch, height, width, 3]. */
export async function runSession(
  session: Session,
  { name, width, height }: SessionSettings['input'],
  { batch, pixels }: { readonly batch: number; readonly pixels: Uint8Array },
): Promise<RunOutputs> {
  const outputs = await session.run({ [name]: new ort.Tensor('uint8', pixels, [batch, height, width, 3]) });
  const values = Object.fromEntries(Object.entries(outputs).map(([key, tensor]) => [key, tensor.data]));
  assertNumbers(values);
  return values;
}

/** A GPU that was lost may answer in time with nothing but NaN: families would drop that, and see an empty picture. */
function assertNumbers(outputs: RunOutputs): void {
  for (const [name, values] of Object.entries(outputs))
    if (values instanceof Float32Array && values.length > 0 && values.every(Number.isNaN))
      throw new Error(`the network computed nothing but NaN (${name})`);
}
