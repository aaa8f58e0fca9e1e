/** A process that retains, to be killed. Arguments: the database's socket folder and name, the media store, the inbox. */
import { openDatabase } from '../../src/db/index.ts';
import { systemClock as clock } from '../../src/lib/clock.ts';
import { silentLog as log } from '../../src/lib/log.ts';
import { createDiskStore } from '../../src/media/index.ts';
import { createRetention } from '../../src/retention/index.ts';

const DAY_MS = 86_400_000;

const [socketDir = '', database = '', root = '', inbox = ''] = process.argv.slice(2);
const media = await createDiskStore({ root, log });
const retention = createRetention({
  ...{ db: openDatabase({ socketDir, database }), inbox, clock, log },
  ...{ removeMedia: media.remove, freeBytes: media.freeBytes, ageMaxMs: 30 * DAY_MS, freeMinBytes: 0 },
});
process.on('disconnect', () => process.exit());
process.send?.('begun');
// Until it is killed.
setInterval(() => {
  const { files } = retention.stats();
  if (files > 0) process.send?.(files);
}, 10);
