import { statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';

const MEMORY_DIR = '/dev/shm';
/** What all stories together may have at once, and as much again. */
const MEMORY_BYTES_MIN = 8 * 1024 ** 3;

/**
 * Where tests put their files: in memory where there is room. They make a thousand databases, and on a disk each costs
 * seconds. None of them is about what survives the machine.
 */
export function toScratchDir(): string {
  try {
    const { bavail, bsize } = statfsSync(MEMORY_DIR);
    return bavail * bsize >= MEMORY_BYTES_MIN ? MEMORY_DIR : tmpdir();
  } catch {
    return tmpdir();
  }
}
