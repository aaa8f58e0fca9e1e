/** Alerts on their way to people: joins the room `notify` with the media store, which has their pictures, and the audit. */
import { switchChannelOff } from './api/index.ts';
import type { Bus } from './broadcast/index.ts';
import type { Config } from './config.ts';
import type { Database, DatabaseTarget } from './db/index.ts';
import { annotate } from './detect/index.ts';
import { systemClock as clock } from './lib/clock.ts';
import type { Closers } from './lib/lifecycle.ts';
import type { Logger } from './lib/log.ts';
import type { MediaStore } from './media/index.ts';
import { createNotifier, createPictureReader } from './notify/index.ts';

/** Enough for a telephone, and small enough for a mail. */
const PICTURE_WIDTH_MAX = 1_280;

interface NotificationParts {
  readonly config: Config;
  readonly log: Logger;
  readonly closers: Closers;
  readonly db: Database;
  readonly target: DatabaseTarget;
  readonly bus: Pick<Bus, 'subscribe'>;
  readonly media: Pick<MediaStore, 'read'>;
}

export function openNotifier({ config, log, closers, db, target, bus, media }: NotificationParts): void {
  const readPicture = createPictureReader({
    db,
    draw: async (mediaPath, objects) => {
      const { imagePixelsMax } = config;
      return annotate(await media.read(mediaPath), objects, { width: PICTURE_WIDTH_MAX, imagePixelsMax });
    },
  });
  const allowed = config.notifyPrivateAllowed;
  const switchOff = (channel: { readonly id: string; readonly settings: unknown }) =>
    db.transaction((tx) => switchChannelOff(tx, channel));
  const options = { db, target, readPicture, switchOff, allowed, subscribe: bus.subscribe, clock, log };
  closers.add('notifier', createNotifier(options), CLOSE_MS_MAX);
}

/** Attempts under way get 5 s to end, and brokers 3 s to hear that we go. */
const CLOSE_MS_MAX = 10_000;
