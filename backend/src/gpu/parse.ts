/** The figures that change. Null for what the GPU, its driver or its mode (MIG) does not tell. */
export interface GpuFigures {
  readonly uuid: string;
  /** Share of the last moments in which it computed, 0 to 100. */
  readonly utilizationPercent: number | null;
  /** Share of the last moments in which its memory was read or written, 0 to 100. */
  readonly memoryUtilizationPercent: number | null;
  /** MiB, as everywhere in nvidia-smi. */
  readonly memoryUsedMb: number | null;
  readonly temperatureC: number | null;
  readonly powerW: number | null;
}

export interface Gpu extends GpuFigures {
  readonly index: number;
  readonly name: string;
  readonly driverVersion: string | null;
  readonly memoryTotalMb: number | null;
  readonly powerLimitW: number | null;
}

/** What is asked for, in the order of the columns. */
const columns = [
  'index',
  'uuid',
  'name',
  'driver_version',
  'utilization.gpu',
  'utilization.memory',
  'memory.used',
  'memory.total',
  'temperature.gpu',
  'power.draw',
  'power.limit',
];
const COLUMNS_BEFORE_NAME = 2;
const COLUMNS_AFTER_NAME = 8;

export const queryArgs: readonly string[] = [`--query-gpu=${columns.join(',')}`, '--format=csv,noheader,nounits'];

/** A GPU for each line that is one; other lines (warnings of the driver, noise) are passed over. */
export const parseGpus = (text: string): readonly Gpu[] =>
  text
    .split('\n')
    .map(parseLine)
    .filter((gpu) => gpu !== undefined);

function parseLine(line: string): Gpu | undefined {
  const cells = line.split(',').map((cell) => cell.trim());
  if (cells.length < columns.length) return undefined;
  // Counted from both ends: a name with a comma in it shifts nothing.
  const [index = '', uuid = ''] = cells;
  const name = cells.slice(COLUMNS_BEFORE_NAME, -COLUMNS_AFTER_NAME).join(', ');
  const [driver = '', ...figures] = cells.slice(-COLUMNS_AFTER_NAME);
  if (!/^\d{1,4}$/.test(index) || !/^GPU-/i.test(uuid)) return undefined;
  const [utilization, memoryUtilization, memoryUsed, memoryTotal, temperature, power, powerLimit] = figures;
  return {
    index: Number(index),
    uuid,
    name,
    driverVersion: /^\d/.test(driver) ? driver : null,
    utilizationPercent: toFigure(utilization, 0, 100),
    memoryUtilizationPercent: toFigure(memoryUtilization, 0, 100),
    memoryUsedMb: toFigure(memoryUsed, 0),
    memoryTotalMb: toFigure(memoryTotal, 0),
    temperatureC: toFigure(temperature, -100, 300),
    powerW: toFigure(power, 0),
    powerLimitW: toFigure(powerLimit, 0),
  };
}

/** Null for `[N/A]`, `[Not Supported]`, `ERR!` and whatever else is no number, or none that can be. */
function toFigure(cell = '', min: number, max = 1e9): number | null {
  if (!/^-?\d+(\.\d+)?$/.test(cell)) return null;
  const value = Number(cell);
  return value >= min && value <= max ? value : null;
}
