/** Execution providers: what may compute a network, and which of them cannot be here at all, told without trying. */
import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

/** Best first: the order in which `auto` tries them. */
export const providerNames = ['tensorrt', 'cuda', 'webgpu', 'cpu'] as const;
export type ProviderName = (typeof providerNames)[number];
export type ProviderChoice = 'auto' | ProviderName;

/** How long a provider may take to show what it can do, or to open: TensorRT builds an engine for the very GPU. */
export const providerMsMax: Readonly<Record<ProviderName, number>> = {
  tensorrt: 300_000,
  cuda: 30_000,
  webgpu: 30_000,
  cpu: 30_000,
};

/** What of a machine tells whether a provider can be there. */
export interface Machine {
  /** As `process.platform`. */
  readonly platform: string;
  /** Files beside the binding of onnxruntime-node. */
  readonly libraries: readonly string[];
  /** GPU devices of Linux, by their path under `/dev`. */
  readonly devices: readonly string[];
  /** A Vulkan driver that the environment names; it may well be one in software. */
  readonly vulkanDriver?: string | undefined;
}

export function readMachine(vulkanDriver?: string): Machine {
  const { platform, arch } = process;
  const engine = path.dirname(createRequire(import.meta.url).resolve('onnxruntime-node/package.json'));
  const devices = [...list('/dev/dri').map((name) => `dri/${name}`), ...list('/dev')].filter(isGpu);
  return { platform, libraries: list(path.join(engine, 'bin', 'napi-v6', platform, arch)), devices, vulkanDriver };
}

/** Render nodes of the kernel's own drivers, NVIDIA's, and Windows' below WSL. A mere screen (`card0`) computes nothing. */
const isGpu = (device: string): boolean => /^(dri\/renderD\d+|nvidiactl|dxg)$/.test(device);

function list(dir: string): readonly string[] {
  try {
    return readdirSync(dir);
  } catch {
    return []; // no such folder is the very answer
  }
}

/** Why a provider cannot be here, in words that help; null when only a trial can tell. */
export function findAbsence(provider: ProviderName, machine: Machine): string | null {
  if (provider === 'cpu') return null;
  return provider === 'webgpu' ? findWebGpuAbsence(machine) : findNvidiaAbsence(provider, machine);
}

function findWebGpuAbsence({ platform, devices, vulkanDriver }: Machine): string | null {
  // macOS and Windows always have a GPU of some kind, or say so quickly.
  if (platform !== 'linux' || devices.length > 0 || vulkanDriver !== undefined) return null;
  return 'no GPU here: neither /dev/dri/renderD* nor /dev/nvidiactl nor /dev/dxg';
}

function findNvidiaAbsence(provider: 'cuda' | 'tensorrt', { platform, libraries, devices }: Machine): string | null {
  if (platform !== 'linux') return 'onnxruntime-node has it for Linux only';
  if (!devices.includes('nvidiactl') && !devices.includes('dxg')) return 'no NVIDIA GPU here: no /dev/nvidiactl';
  const library = `libonnxruntime_providers_${provider}.so`;
  if (libraries.includes(library)) return null;
  return `${library} is not installed: where nvidia-smi works, \`npm rebuild onnxruntime-node\` fetches it`;
}
