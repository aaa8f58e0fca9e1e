/**
 * The providers in order of preference, of which one computes.
 *
 * A provider is *standby*, *in use* or *out*. At the start, and when the one in use is given up, the next on standby is
 * tried and opened; those that fail are out, with the reason. What is out stays out until the restart.
 *
 * A run that fails on a provider that has others behind it is tried again, with the same pictures: once on the same
 * provider, opened anew, for it may have been a hiccup; then on the next. Where memory did not suffice, smaller batches
 * are tried first. Calls that arrive meanwhile wait. The last provider has nothing to fall back to: its threads are
 * replaced by its pool, and a failed run is the caller's to try again.
 */
import type { Clock } from '../../lib/clock.ts';
import { NightjarError, toNightjarError } from '../../lib/errors.ts';
import type { Logger } from '../../lib/log.ts';
import type { DetectorBackend } from '../detector.ts';
import type { FamilyRun } from '../families/family.ts';
import type { PreparedPicture } from '../picture/decode.ts';
import { isOutOfMemory } from './buckets.ts';
import { toAnnouncement, toBackends, toLinks, type Link } from './chain.ts';
import type { Engine } from './engine.ts';
import { withBatchMax, type Layout } from './layout.ts';
import type { Qualify } from './trial/qualify.ts';

/** A provider that fails so often is given up, even if each second try works. */
const FAILURES_MAX = 3;
const FAILURES_WITHIN_MS = 600_000;
/** When not even the last provider opens, as where memory is short, it is tried again at this pace. */
const REOPEN_MS = 10_000;

export interface FallbackOptions {
  /** In order of preference; at least one. */
  readonly layouts: readonly Layout[];
  /** Why a provider cannot be here; null when only a trial can tell. */
  readonly findAbsence: (layout: Layout) => string | null;
  readonly qualify: Qualify;
  /** `isLast`: the engine must look after itself. Throws `unavailable`. */
  readonly open: (layout: Layout, isLast: boolean) => Promise<Engine>;
  /** Whether the first one is used or the start fails; the others are for later. */
  readonly firstOnly: boolean;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface Fallback {
  /** As it was opened at the start. */
  readonly layout: Layout;
  /** As `Engine.run`, on whichever provider is in use, and by the next one if that fails. */
  run(pictures: readonly PreparedPicture[]): Promise<readonly FamilyRun[]>;
  /** The provider in use, and why it cannot compute at the moment: null when it can. */
  health(): { readonly provider: string; readonly fault: string | null; readonly backends: readonly DetectorBackend[] };
  /** Calls that compute end first. */
  close(): Promise<void>;
}

interface Active {
  readonly link: Link;
  readonly engine: Engine;
}

/** Resolves when a provider is warm. Throws `unavailable` when none can be opened. */
export async function createFallback(options: FallbackOptions): Promise<Fallback> {
  const { qualify, open, clock, log } = options;
  const links = toLinks(options.layouts, options.findAbsence);
  const closing = new AbortController();
  let active: Active | undefined;
  let changing: Promise<void> | undefined;
  let fault = 'the detector is starting';
  let failuresMs: number[] = [];

  /** The provider in use, once there is one again. */
  async function current(): Promise<Active> {
    while (changing) await changing;
    if (!active || closing.signal.aborted) throw new NightjarError('unavailable', fault);
    return active;
  }

  async function run(pictures: readonly PreparedPicture[]): Promise<readonly FamilyRun[]> {
    for (let failedOn: Link | undefined; ;) {
      const used = await current();
      try {
        return await used.engine.run(pictures);
      } catch (thrown) {
        const error = toNightjarError(thrown);
        if (used.link.isLast || closing.signal.aborted || error.kind !== 'unavailable') throw error;
        await replace(used, error.message, failedOn === used.link);
        failedOn = used.link;
      }
    }
  }

  /** Once for all the calls that failed with it. */
  function replace(failed: Active, reason: string, isSecond: boolean): Promise<void> {
    if (active !== failed) return changing ?? Promise.resolve();
    active = undefined;
    fault = `${failed.link.layout.provider} failed: ${reason}`;
    return change(async () => {
      await failed.engine.close();
      if (!(await tryAgain(failed, reason, isSecond))) await advance();
    });
  }

  function change(work: () => Promise<void>): Promise<void> {
    changing = work().finally(() => (changing = undefined));
    changing.catch(reopenLater);
    return changing;
  }

  /** The same provider anew, with smaller batches where memory did not suffice. Resolves to false when it is given up. */
  async function tryAgain({ link, engine }: Active, reason: string, isSecond: boolean): Promise<boolean> {
    const { provider, batchMax } = engine.layout;
    const isTooLarge = isOutOfMemory(reason) && batchMax > 1;
    if (!isTooLarge && (isSecond || failsTooOften())) {
      link.out = `failed at run time: ${reason}`;
      log.warn({ provider, reason }, `${provider} is given up until the restart: ${link.out}`);
      return false;
    }
    const layout = isTooLarge ? withBatchMax(engine.layout, Math.floor(batchMax / 2)) : engine.layout;
    log.warn({ provider, reason }, `${fault}; once more with batches of at most ${layout.batchMax}`);
    return enter(link, () => openFitting(layout, link.isLast));
  }

  function failsTooOften(): boolean {
    const nowMs = clock.nowMs();
    failuresMs = [...failuresMs.filter((atMs) => nowMs - atMs < FAILURES_WITHIN_MS), nowMs];
    return failuresMs.length >= FAILURES_MAX;
  }

  /** The first of these providers that works. */
  async function advance(candidates = links): Promise<void> {
    for (const link of candidates) {
      if (closing.signal.aborted) break;
      if (link.out === null && (await enter(link, () => qualifyAndOpen(link)))) return;
      if (link.out !== null) fault = link.out;
    }
    throw new NightjarError('unavailable', fault);
  }

  async function qualifyAndOpen(link: Link): Promise<Engine> {
    const qualified = await qualify(link.layout, closing.signal);
    const layout = qualified.batchMax < link.layout.batchMax ? withBatchMax(link.layout, qualified.batchMax) : link.layout; // prettier-ignore
    const engine = await openFitting(layout, link.isLast);
    failuresMs = [];
    log.info({ provider: link.layout.provider }, toAnnouncement(links, link, qualified));
    return engine;
  }

  async function openFitting(layout: Layout, isLast: boolean): Promise<Engine> {
    try {
      return await open(layout, isLast);
    } catch (thrown) {
      const { message } = toNightjarError(thrown);
      if (!isOutOfMemory(message) || layout.batchMax === 1) throw thrown;
      return openFitting(withBatchMax(layout, Math.floor(layout.batchMax / 2)), isLast);
    }
  }

  async function enter(link: Link, openEngine: () => Promise<Engine>): Promise<boolean> {
    try {
      active = { link, engine: await openEngine() };
      return true;
    } catch (thrown) {
      fault = toNightjarError(thrown).message;
      if (!link.isLast) link.out = fault;
      return false;
    }
  }

  function reopenLater(): void {
    void clock.sleep(REOPEN_MS, closing.signal).then(() => {
      if (!closing.signal.aborted && !active && !changing) void change(advance).catch(() => undefined); // reopens later
    });
  }

  await advance(options.firstOnly ? links.slice(0, 1) : links);
  const { engine } = await current();
  return {
    layout: engine.layout,
    run,
    health() {
      // A provider that has others behind it is ready even if its threads are dead: the next call replaces it.
      const reason = active ? (active.link.isLast ? active.engine.fault() : null) : fault;
      const provider = (active?.link ?? links.find(({ out }) => out === null))?.layout.provider ?? 'none';
      return { provider, fault: reason, backends: toBackends(links, active?.link, reason) };
    },
    async close() {
      closing.abort();
      fault = 'the detector is closed';
      await changing?.catch(() => undefined); // those who waited for it were told
      await active?.engine.close();
    },
  };
}
