/**
 * Why a broker is away, told to the row of its channel, where people look: a house whose alerts are rare would else seem
 * well until the next one. Nothing fails because it cannot be told.
 */
import type { Database } from '../../db/index.ts';
import type { Clock } from '../../lib/clock.ts';
import { toMessage, toNightjarError } from '../../lib/errors.ts';
import type { Logger } from '../../lib/log.ts';
import { toPrintable } from '../../lib/printable.ts';

const REASON_CHARS_MAX = 400;

export interface Trouble {
  began(thrown: unknown): Promise<void>;
  ended(): Promise<void>;
}

interface TroubleOptions {
  readonly db: Pick<Database, 'query'>;
  readonly clock: Pick<Clock, 'nowMs'>;
  readonly log: Logger;
  readonly channelId: string;
}

export function createTrouble({ db, clock, log, channelId }: TroubleOptions): Trouble {
  /** As the row says; undefined until we have written there: another process may have. */
  let told: string | null | undefined;

  async function tell(kind: string | null, reason: string | null): Promise<void> {
    if (reason === told) return;
    const now = reason === null ? null : new Date(clock.nowMs());
    try {
      await db.query((sql) => sql`
        update channels set away_since = case when ${now}::timestamptz is not null then coalesce(away_since, ${now}) end,
          away_kind = ${kind}, away_reason = ${reason}
        where id = ${channelId} and away_reason is distinct from ${reason}`); // prettier-ignore
      told = reason;
    } catch (thrown) {
      log.debug({ channel_id: channelId, err: thrown }, 'how a broker is cannot be told');
    }
  }

  return {
    began: (thrown) => tell(toNightjarError(thrown).kind, toPrintable(toMessage(thrown)).slice(0, REASON_CHARS_MAX)),
    ended: () => tell(null, null),
  };
}
