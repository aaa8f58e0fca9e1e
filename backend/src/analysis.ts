/**
 * Those who score events: the rules, and where ANALYZER says so a language model, for which the rules stand in. Joins the
 * rooms `events` (which events are due, what is stored) and `analyze` (how a model is asked) with the media store.
 */
import { createLlmAnalyst, createLlmClient } from './analyze/index.ts';
import type { Config } from './config.ts';
import type { Database, Transact } from './db/index.ts';
import { annotate } from './detect/index.ts';
import { createAnalysisWorker, createAnalyzer, listenForDue, type AnalysisWorker, type EnqueueDeliveries } from './events/index.ts'; // prettier-ignore
import { systemClock as clock } from './lib/clock.ts';
import { newId } from './lib/id.ts';
import type { Closers } from './lib/lifecycle.ts';
import type { Logger } from './lib/log.ts';
import type { MediaStore } from './media/index.ts';
import { meterAnalyst } from './metering.ts';
import type { Meters } from './metrics/index.ts';
import type { Analyst, AnalystHealth, EventPicture } from './model/analysis.ts';
import { toEventRules } from './parts.ts';

/** What vision models look at; more costs tokens and shows them nothing. */
const IMAGE_SIDE_PIXELS_MAX = 768;

interface AnalysisParts {
  readonly config: Config;
  readonly log: Logger;
  readonly closers: Closers;
  readonly db: Database;
  readonly transact: Transact;
  readonly media: Pick<MediaStore, 'read'>;
  readonly enqueue: EnqueueDeliveries;
  readonly meters: Meters;
}

export interface Analysis {
  health(): AnalystHealth;
}

/** Opens the analyzers of this process. */
export function openAnalysis(parts: AnalysisParts): Analysis {
  const { config, log, closers, db, transact, enqueue } = parts;
  const rules = toEventRules(config);
  const analyst = config.analyzer === 'llm' ? meterAnalyst(openLlm(parts), parts.meters) : undefined;
  const options = { db, transact, rules, clock, log, newId, enqueue };
  const analyzer = closers.add('analyzer', createAnalyzer({ ...options, analyst }));
  const worker = analyst && createAnalysisWorker({ ...options, analyst, ageMaxMs: config.llm.ageMaxMs });
  if (worker) closers.add('analysis worker', worker);
  closers.add('notices of due analyses', listenForDue(db, log, worker?.wake ?? analyzer.wake));
  return { health: () => toHealth(analyst, worker) };
}

function toHealth(analyst: Analyst | undefined, worker: AnalysisWorker | undefined): AnalystHealth {
  if (!analyst) return { analyzer: 'rules', state: 'ready', reason: null, queue: 0 };
  return { analyzer: 'llm', ...analyst.state(), queue: worker?.queued() ?? 0 };
}

function openLlm({ config, media, log }: AnalysisParts): Analyst {
  const { url = '', ...llm } = config.llm; // that it is there for ANALYZER=llm, config.ts has checked
  const readImage = async ({ mediaPath, width, height }: EventPicture): Promise<Uint8Array> => {
    const scale = Math.min(1, IMAGE_SIDE_PIXELS_MAX / Math.max(width, height));
    const size = { width: Math.max(1, Math.floor(width * scale)), imagePixelsMax: config.imagePixelsMax };
    return annotate(await media.read(mediaPath), [], size);
  };
  const client = createLlmClient({ ...llm, url, clock });
  log.info({ host: client.host, api: llm.api, model: llm.model }, 'events are analyzed by a language model');
  return createLlmAnalyst({
    ...llm,
    client,
    bands: config.riskBands,
    timeZone: config.timeZone,
    readImage,
    clock,
    log,
  });
}
