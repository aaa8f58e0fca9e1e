/**
 * The GPU room: what NVIDIA's driver says of its GPUs, asked of `nvidia-smi` every 5 s and kept for an hour. In: nothing.
 * Out: figures as they were told, null for what was not; no GPUs at all where there is no such program. Never fails:
 * trouble is logged once, and asked again at growing distance. Limits: 10 s and 64 KiB an answer, one process at a time.
 */
export { createGpuMonitor, type GpuMonitor, type GpuMonitorOptions } from './monitor.ts';
export type { Gpu, GpuFigures } from './parse.ts';
