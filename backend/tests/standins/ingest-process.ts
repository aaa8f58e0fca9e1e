/**
 * Ingest as a process of its own, so that a test can stop it and take things from it: the real room, with a ledger in
 * memory. `node ingest-process.ts INBOX RESCAN_MS`; writes `CAMERA FOLDER/SOURCE NAME` to stdout for each arrival, the
 * log to stderr, and ends at SIGTERM.
 */
import { createIngest } from '../../src/ingest/index.ts';
import { systemClock as clock } from '../../src/lib/clock.ts';
import { createLog } from '../../src/lib/log.ts';

const [inbox = '', rescanMs = ''] = process.argv.slice(2);

const say = (line: string): void => void process.stdout.write(`${line}\n`);

const ingest = await createIngest({
  inbox,
  rescanMs: Number(rescanMs),
  mode: 'move',
  settleMs: 100,
  polling: false,
  timeZone: 'UTC',
  imageBytesMax: 1_000_000,
  imagePixelsMax: 1_000_000,
  clipBytesMax: 1_000_000,
  clock,
  log: createLog({ level: 'info', format: 'json' }),
  resolveCamera: async (folder) => ({ id: folder }),
  isKnownFile: async () => false,
  storeOriginal: async ({ sha256 }) => sha256,
  storeClip: async ({ sha256 }) => sha256,
  async record({ cameraId, sourceName }) {
    say(`${cameraId}/${sourceName}`);
    return 'recorded';
  },
  async recordClip({ cameraId, sourceName }) {
    say(`${cameraId}/${sourceName}`);
    return 'recorded';
  },
});
say('up');
process.once('SIGTERM', () => void ingest.close());
