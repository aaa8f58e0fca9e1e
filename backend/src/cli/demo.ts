/**
 * The demo: the real program on a throwaway data folder, with the example cameras played into its inbox as cameras
 * would: each picture appears under a temporary name and is renamed, or grows in place, in the order of capture.
 */
import { cp, mkdir, mkdtemp, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import { readConfig, type Config } from '../config.ts';
import { NightjarError } from '../lib/errors.ts';
import { createLog } from '../lib/log.ts';
import { startNightjar, type Nightjar } from '../main.ts';
import { createDemoScreen } from './demo-screen.ts';
import { onceSignalled, toWelcome } from './serve.ts';
import { createTally, toSummaryTable, type Tally } from './demo-tally.ts';

const fixturesDir = fileURLToPath(new URL('../../../fixtures/cameras', import.meta.url));
/** Events close soon, so that there is something to see; the pictures of one visit are a second apart. */
const DEMO_EVENT_IDLE_S = 3;
const FRAME_EVERY_MS = 120;
/** Every third picture is written in place and in pieces, as some cameras do. */
const IN_PLACE_EVERY = 3;
const PIECES = 4;
const PIECE_EVERY_MS = 25;
const SETTLED_WITHIN_MS = 120_000;

export interface DemoOptions {
  readonly once: boolean;
  readonly terminal: boolean;
  readonly write: (line: string) => void;
}

export async function runDemo({ once, terminal, write }: DemoOptions): Promise<number> {
  const dataDir = await mkdtemp(path.join(tmpdir(), 'nightjar-demo-'));
  const quiet = { LOG_LEVEL: 'warn', ...(once ? { PORT: '0' } : {}) };
  const own = {
    DATA_DIR: dataDir,
    CAMERA_ROOT: '',
    DATABASE_URL: '',
    REDIS_URL: '',
    ROLES: 'all',
    EVENT_IDLE_S: `${DEMO_EVENT_IDLE_S}`,
  };
  const config = readConfig({ ...quiet, ...own });
  const log = createLog(config.log);
  const stopped = onceSignalled(log);
  try {
    const nightjar = await startNightjar(config, log);
    try {
      return await play(nightjar, config, { once, terminal, write }, stopped);
    } finally {
      await nightjar.close();
    }
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
}

async function play(
  nightjar: Nightjar,
  config: Config,
  options: DemoOptions,
  stopped: Promise<unknown>,
): Promise<number> {
  const { once, terminal, write } = options;
  for (const line of toWelcome(config, nightjar, terminal)) write(line);
  const files = await listFixtures();
  const tally = createTally(files.length);
  const screen = createDemoScreen({ total: files.length, terminal, write });
  nightjar.onMessages((messages) => {
    for (const message of messages) {
      tally.hear(message);
      screen.show(message);
    }
  });
  const facts = createFactsReader(nightjar, config);
  const interrupt = new AbortController();
  void stopped.then(() => interrupt.abort());
  await playAll(files, config.inbox, interrupt.signal);
  await untilSettled(facts, screen.progress, files.length, interrupt.signal);
  screen.close();
  const wasInterrupted = interrupt.signal.aborted;
  if (!wasInterrupted) for (const line of toSummaryTable(await facts(), tally)) write(line);
  if (wasInterrupted) return 0;
  if (!once) {
    write(`All played. The API is still up at ${nightjar.url ?? ''}/api; Ctrl-C ends the demo and removes its data.`);
    await stopped;
    return 0;
  }
  return isComplete(await facts(), tally) ? 0 : 1;
}

async function listFixtures(): Promise<string[]> {
  const entries = await readdir(fixturesDir, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath, entry.name));
  // In the order of the times in their names, whatever camera they are of.
  const timeOf = (file: string): string =>
    (/(\d{4})\D?(\d{2})\D?(\d{2})\D?(\d{2})\D?(\d{2})\D?(\d{2})/.exec(path.basename(file)) ?? []).slice(1).join('');
  return files.sort((a, b) => timeOf(a).localeCompare(timeOf(b)));
}

async function playAll(files: readonly string[], inbox: string, signal: AbortSignal): Promise<void> {
  for (const [index, file] of files.entries()) {
    if (signal.aborted) return;
    const target = path.join(inbox, path.relative(fixturesDir, file));
    await mkdir(path.dirname(target), { recursive: true });
    await (index % IN_PLACE_EVERY === 0 ? growInPlace(file, target) : renameIntoPlace(file, target));
    await sleep(FRAME_EVERY_MS);
  }
}

async function renameIntoPlace(file: string, target: string): Promise<void> {
  await cp(file, `${target}.part`);
  await rename(`${target}.part`, target);
}

async function growInPlace(file: string, target: string): Promise<void> {
  const bytes = await readFile(file);
  const step = Math.ceil(bytes.length / PIECES);
  await using(await open(target, 'w'), async (handle) => {
    for (let at = 0; at < bytes.length; at += step) {
      await handle.write(bytes, at, Math.min(step, bytes.length - at));
      await sleep(PIECE_EVERY_MS);
    }
  });
}

async function using<T extends { close(): Promise<void> }>(
  resource: T,
  use: (resource: T) => Promise<void>,
): Promise<void> {
  try {
    await use(resource);
  } finally {
    await resource.close();
  }
}

export interface DemoFacts {
  readonly frames: Readonly<Record<'pending' | 'leased' | 'done' | 'dead', number>>;
  readonly events: Readonly<Record<'open' | 'closed' | 'analyzed', number>>;
}

/** The truth is what the API says, not what was heard. */
function createFactsReader({ url }: Nightjar, { adminApiKey }: Config): () => Promise<DemoFacts> {
  return async () => {
    const response = await fetch(`${url ?? ''}/api/stats/summary`, { headers: { 'x-api-key': adminApiKey } });
    if (!response.ok) throw new NightjarError('unavailable', `the API answered ${response.status}`);
    const summary = (await response.json()) as { [Part in keyof DemoFacts]: { by_state: DemoFacts[Part] } };
    return { frames: summary.frames.by_state, events: summary.events.by_state };
  };
}

async function untilSettled(
  facts: () => Promise<DemoFacts>,
  progress: (done: number) => void,
  total: number,
  signal: AbortSignal,
): Promise<void> {
  const untilMs = Date.now() + SETTLED_WITHIN_MS;
  while (Date.now() < untilMs && !signal.aborted) {
    const { frames, events } = await facts();
    progress(frames.done + frames.dead);
    if (frames.done + frames.dead >= total && events.open + events.closed === 0) return;
    await sleep(200);
  }
}

const isComplete = ({ frames, events }: DemoFacts, tally: Tally): boolean =>
  frames.done === tally.total && events.open === 0 && events.analyzed > 0;
