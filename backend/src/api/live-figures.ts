/** What `system.status` says in numbers: read once for all clients, camera by camera, and added up for what each may see. */
import type { Database } from '../db/index.ts';
import { firstIdAt } from '../lib/id.ts';

/** Rates are those of the last minute: long enough to be steady, short enough to follow. */
const RATES_WINDOW_S = 60;

const figureNames = [
  ...['frames_pending', 'frames_leased', 'frames_dead', 'clips_pending', 'clips_leased', 'clips_dead'],
  ...['frames_examined', 'detections_made', 'online', 'offline', 'unknown'],
] as const;
type FigureName = (typeof figureNames)[number];

/** One number of one camera. */
interface Figure {
  readonly cameraId: string;
  readonly name: FigureName;
  readonly value: number;
  /** Age of the oldest that waits, seconds; null for all other numbers. */
  readonly oldestS: number | null;
}
export type LiveFigures = readonly Figure[];

export interface LiveStatus {
  readonly queue: {
    readonly pending: number;
    readonly leased: number;
    readonly dead: number;
    readonly clips: { readonly pending: number; readonly leased: number; readonly dead: number };
    readonly oldest_pending_s: number | null;
  };
  readonly cameras: {
    readonly total: number;
    readonly online: number;
    readonly offline: number;
    readonly unknown: number;
  };
  readonly rates: {
    readonly window_s: number;
    /** Frames examined. */
    readonly frames_per_s: number;
    readonly detections_per_s: number;
  };
}

/** Each part by an index that holds little more than what it counts. Ids of detections begin with the time they were made. */
export async function readLiveFigures(db: Database, nowMs: number): Promise<LiveFigures> {
  const madeAfter = firstIdAt(nowMs - RATES_WINDOW_S * 1_000);
  return db.query((sql) => sql<Figure[]>`
    select camera_id, 'frames_pending' as name, count(*) as value,
      extract(epoch from now() - min(received_at))::float8 as oldest_s
      from frames where state = 'pending' group by camera_id
    union all select camera_id, 'frames_leased', count(*), null from frames where state = 'leased' group by camera_id
    union all select camera_id, 'frames_dead', count(*), null from frames where state = 'dead' group by camera_id
    union all select camera_id, 'clips_' || state, count(*), null
      from clips where state in ('pending', 'leased', 'dead') group by camera_id, state
    union all select camera_id, 'frames_examined', count(*), null
      from frames where state = 'done' and processed_at > now() - ${RATES_WINDOW_S} * interval '1 s' group by camera_id
    union all select camera_id, 'detections_made', count(*), null
      from detections where id >= ${madeAfter} group by camera_id
    union all select id, status, 1, null from cameras where deleted_at is null`); // prettier-ignore
}

/** Added up over the cameras that may be seen (null: all). */
export function toLiveStatus(figures: LiveFigures, cameraIds: readonly string[] | null): LiveStatus {
  const granted = cameraIds && new Set(cameraIds);
  const seen = figures.filter(({ cameraId }) => !granted || granted.has(cameraId));
  const total = Object.fromEntries(figureNames.map((name) => [name, sum(seen, name)])) as Record<FigureName, number>;
  const ages = seen.map(({ oldestS }) => oldestS).filter((age) => age !== null);
  const { online, offline, unknown } = total;
  return {
    queue: {
      pending: total.frames_pending,
      leased: total.frames_leased,
      dead: total.frames_dead,
      clips: { pending: total.clips_pending, leased: total.clips_leased, dead: total.clips_dead },
      oldest_pending_s: ages.length > 0 ? Math.max(...ages) : null,
    },
    cameras: { total: online + offline + unknown, online, offline, unknown },
    rates: {
      window_s: RATES_WINDOW_S,
      frames_per_s: total.frames_examined / RATES_WINDOW_S,
      detections_per_s: total.detections_made / RATES_WINDOW_S,
    },
  };
}

const sum = (figures: LiveFigures, wanted: FigureName): number =>
  figures.reduce((total, { name, value }) => (name === wanted ? total + value : total), 0);
