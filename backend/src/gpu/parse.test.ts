import { describe, expect, it } from 'vitest';
import { parseGpus } from './parse.ts';

const H100 = '0, GPU-5f3c, NVIDIA H100 80GB HBM3, 550.54.15, 12, 3, 1024, 81559, 35, 68.12, 700.00';
const parsed = {
  index: 0,
  uuid: 'GPU-5f3c',
  name: 'NVIDIA H100 80GB HBM3',
  driverVersion: '550.54.15',
  utilizationPercent: 12,
  memoryUtilizationPercent: 3,
  memoryUsedMb: 1024,
  memoryTotalMb: 81559,
  temperatureC: 35,
  powerW: 68.12,
  powerLimitW: 700,
};

describe('what nvidia-smi says', () => {
  it('is figures', () => {
    expect(parseGpus(`${H100}\n`)).toEqual([parsed]);
    expect(parseGpus(`${H100}\r\n`)).toEqual([parsed]);
  });

  it('is a line for each GPU', () => {
    const two = parseGpus(`${H100}\n${H100.replace('0, GPU-5f3c', '1, GPU-77aa')}\n`);
    expect(two.map(({ index, uuid }) => [index, uuid])).toEqual([[0, 'GPU-5f3c'], [1, 'GPU-77aa']]); // prettier-ignore
  });

  it.each(['[N/A]', '[Not Supported]', 'N/A', 'ERR!', '[Unknown Error]', '[GPU requires reset]', '', '-', 'NaN', '0x10', '12 %', '1e3'])(
    'is null where it is %j',
    (cell) => {
      const line = `0, GPU-5f3c, NVIDIA GeForce GT 710, 470.1, ${Array.from({ length: 7 }, () => cell).join(', ')}`;
      const nothing = { utilizationPercent: null, memoryUtilizationPercent: null, memoryUsedMb: null, memoryTotalMb: null, temperatureC: null, powerW: null, powerLimitW: null }; // prettier-ignore
      expect(parseGpus(line)).toEqual([{ ...parsed, name: 'NVIDIA GeForce GT 710', driverVersion: '470.1', ...nothing }]);
    },
  ); // prettier-ignore

  it('has no use of a GPU with MIG, but the rest', () => {
    const line = H100.replace('12, 3,', '[N/A], [N/A],');
    expect(parseGpus(line)).toEqual([{ ...parsed, utilizationPercent: null, memoryUtilizationPercent: null }]);
  });

  it.each([
    ['beyond 100 %', '12, 3', '101, -1'],
    ['larger than any', '12, 3', '99999999999999999999, 1000'],
  ])('is null for what cannot be: %s', (_what, from, to) => {
    expect(parseGpus(H100.replace(from, to))).toMatchObject([
      { utilizationPercent: null, memoryUtilizationPercent: null, memoryUsedMb: 1024 },
    ]);
  });

  it('may have a comma in a name', () => {
    expect(parseGpus(H100.replace('NVIDIA H100', 'NVIDIA, Inc. H100'))).toEqual([
      { ...parsed, name: 'NVIDIA, Inc. H100 80GB HBM3' },
    ]);
  });

  it.each([
    '',
    '\n\n',
    'No devices were found',
    'index, uuid, name, driver_version, utilization.gpu, utilization.memory, a, b, c, d, e',
    'NVIDIA-SMI has failed because it could not communicate with the NVIDIA driver.',
    ','.repeat(5_000),
    '0, GPU-5f3c, cut off, 550',
    '\0\u{1F600}'.repeat(100),
  ])('is nothing where it is noise: %#', (text) => {
    expect(parseGpus(text)).toEqual([]);
  });

  it('is taken from among noise', () => {
    expect(parseGpus(`WARNING: infoROM is corrupted at gpu 0000:01:00.0\n${H100}\nbye`)).toEqual([parsed]);
  });
});
