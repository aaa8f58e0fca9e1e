/** Where pictures and clips come in, and where room is made for them: both in the processes with the role `ingest`. */
import type { Config } from './config.ts';
import type { Database } from './db/index.ts';
import type { createStageLatencies } from './facts.ts';
import type { Health } from './health.ts';
import { createIngest } from './ingest/index.ts';
import { steadyClock as steady, systemClock as calendar } from './lib/clock.ts';
import type { Closers } from './lib/lifecycle.ts';
import type { Logger } from './lib/log.ts';
import type { Tracer } from './lib/trace.ts';
import type { MediaStore } from './media/index.ts';
import { toInbox } from './parts.ts';
import { createNotices, INBOX_CHANNEL, type Queue } from './queue/index.ts';
import { createRetention } from './retention/index.ts';

interface InboxParts {
  readonly config: Config;
  readonly log: Logger;
  readonly closers: Closers;
  readonly db: Database;
  readonly media: MediaStore;
  readonly queue: Queue;
  readonly health: Health;
  readonly latencies: ReturnType<typeof createStageLatencies>;
  readonly tracer: Tracer;
}

/** Room first, then what fills it. */
export async function openInbox(parts: InboxParts): Promise<void> {
  openRetention(parts);
  await openIngest(parts);
}

function openRetention({ config, log, closers, db, media, health }: InboxParts): void {
  const { inbox, retentionMs: ageMaxMs, diskFreeMinBytes: freeMinBytes } = config;
  const files = { removeMedia: media.remove, freeBytes: media.freeBytes };
  const options = { db, ...files, inbox, ageMaxMs, freeMinBytes, clock: calendar, log };
  health.watch({ retention: closers.add('retention', createRetention(options)).stats });
}

async function openIngest({
  config,
  log,
  closers,
  db,
  media,
  queue,
  health,
  latencies,
  tracer,
}: InboxParts): Promise<void> {
  const { resolveCamera, record, recordClip, isKnownFile } = queue;
  const sinks = {
    resolveCamera,
    record,
    recordClip,
    isKnownFile,
    storeOriginal: media.put,
    storeClip: media.putStream,
  };
  const onStage = (stage: 'settle' | 'store', ms: number): void =>
    latencies.observe(stage === 'store' ? 'keep' : stage, ms);
  const clocks = { clock: steady, calendar };
  const ingest = closers.add(
    'ingest',
    await createIngest({ ...toInbox(config), ...sinks, onStage, ...clocks, tracer, log }),
  );
  health.watch({ ingest: ingest.stats });
  const requeued = { channel: INBOX_CHANNEL, onNotice: ingest.lookAnew } as const;
  closers.add('inbox notices', await createNotices({ db, log, ...requeued }));
}
