import sharp from 'sharp';
import type { Clock } from '../../lib/clock.ts';
import { NightjarError } from '../../lib/errors.ts';
import type { Logger } from '../../lib/log.ts';
import { createSignal } from '../../lib/signal.ts';
import type { Detector, DetectorHealth } from '../detector.ts';
import { createCall } from './call.ts';
import { createDeepstack } from './protocols/deepstack.ts';
import { createLine, type Line } from './line.ts';
import type { Wanted } from './protocols/objects.ts';
import { defaultPaces, type Paces } from './paces.ts';
import { createSender, createSent, type SentPicture } from './picture.ts';
import { createRtdetr } from './protocols/rtdetr.ts';
import { createServer, IN_FLIGHT_MAX, type Server } from './server.ts';

/** The same as the bundled model's: what 80 pictures of COCO taught is a fair guess for other networks. */
const SCORE_MIN_DEFAULT = 0.35;
const BATCH_DEFAULT = 8;
const protocols = {
  remote: { model: 'remote-rtdetr', batch: BATCH_DEFAULT, create: createRtdetr },
  deepstack: { model: 'remote-deepstack', batch: 1, create: createDeepstack },
} as const;

export interface RemoteDetectorOptions {
  readonly protocol: keyof typeof protocols;
  /** Servers that share the work; `http://user:password@host` is fine. */
  readonly urls: readonly string[];
  /** As `X-API-Key`; for DeepStack as the form field `api_key` too. */
  readonly apiKey?: string | undefined;
  /** Of one request. */
  readonly timeoutMs: number;
  readonly scoreMin?: number | undefined;
  readonly labels: ReadonlySet<string> | 'all';
  readonly batchMax?: number | undefined;
  readonly imagePixelsMax: number;
  readonly clock: Clock;
  readonly log: Logger;
  readonly paces?: Partial<Paces> | undefined;
  readonly random?: () => number;
}

/**
 * Detects by asking servers. A call takes a place at one of them (two requests at once each) and is tried again on
 * another when that one fails, three times in all. What a server answers counts only if it has the promised form: an
 * error is never an empty result. `detect` gives `invalid` for a picture that a server refuses, throws `overloaded` when
 * too many calls wait and `unavailable` when no server can be used or all tries failed.
 * Resolves when each server was looked at, or after seconds: servers that are away are waited for, not insisted on.
 */
export async function createRemoteDetector(options: RemoteDetectorOptions): Promise<Detector<SentPicture>> {
  const { protocol: name, clock, random = Math.random } = options;
  const protocol = protocols[name];
  const paces: Paces = { ...defaultPaces, ...options.paces };
  /** First no call is tried again, then requests under way are given up. */
  const closing = new AbortController();
  const over = new AbortController();
  const changed = createSignal();
  const servers = openServers(options, { paces, trial: await createTrial(), onChange: changed.emit });
  const slots = servers.length * IN_FLIGHT_MAX;
  const line: Line<Server> = createLine({ servers, slots, clock, random });
  changed.on(line.dispatch);
  const limits = { timeoutMs: options.timeoutMs, retryMs: paces.retryMs, closing: closing.signal, signal: over.signal };
  const call = createCall({ line, ...limits, clock, random });
  const calls = new Set<Promise<unknown>>();
  const batchMax = name === 'deepstack' ? protocol.batch : (options.batchMax ?? protocol.batch);

  await within(Promise.all(servers.map(({ lookedAt }) => lookedAt)), paces.startMsMax, clock);

  const toModel = (): string => {
    const [model, ...others] = new Set(servers.flatMap((server) => server.model() ?? []));
    return model !== undefined && others.length === 0 ? model : protocol.model;
  };

  return {
    name,
    get model() {
      return toModel();
    },
    batchMax,
    runsMax: slots,
    prepare: createSender(options),
    async detect(batch) {
      if (batch.length === 0) return [];
      if (batch.length > batchMax) throw new NightjarError('internal', `a batch of ${batch.length} is too large`);
      const running = call(batch);
      calls.add(running);
      return running.finally(() => calls.delete(running));
    },
    health: () => toHealth(name, toModel(), servers, line.fault()),
    async close() {
      closing.abort();
      line.close();
      await within(Promise.allSettled(calls), paces.closeMsMax, clock);
      over.abort();
      await Promise.allSettled([...calls, ...servers.map((server) => server.close())]);
    },
  };
}

interface Opening {
  readonly paces: Paces;
  readonly trial: SentPicture;
  readonly onChange: () => void;
}

function openServers(options: RemoteDetectorOptions, opening: Opening): Server[] {
  const { protocol, apiKey, labels, scoreMin = SCORE_MIN_DEFAULT, timeoutMs, clock, log } = options;
  const { create } = protocols[protocol];
  // What servers say is brought to lower case; what was configured must not miss it for that.
  const wanted: Wanted = {
    labels: labels === 'all' ? labels : new Set([...labels].map((label) => label.toLowerCase())),
    scoreMin,
  };
  return options.urls.map((url) =>
    createServer({ url, apiKey, protocol: create({ wanted, apiKey, clock }), timeoutMs, clock, log, ...opening }),
  );
}

const TRIAL_SIDE = 64;

/** A picture of our own, with nothing to see: asked about to learn whether a server works. */
async function createTrial(): Promise<SentPicture> {
  const grey = { width: TRIAL_SIDE, height: TRIAL_SIDE, channels: 3, background: '#808080' } as const;
  const jpeg = await sharp({ create: grey }).jpeg().toBuffer();
  return { ...createSent(jpeg, 'jpeg'), width: TRIAL_SIDE, height: TRIAL_SIDE };
}

function toHealth(name: string, model: string, servers: readonly Server[], fault: string | null): DetectorHealth {
  const used = servers.filter((server) => server.fault() === null);
  return {
    name,
    model,
    provider: (used.length > 0 ? used : servers).map(({ address }) => address).join(', '),
    state: fault === null ? 'ready' : 'unavailable',
    reason: fault,
    backends: servers.map((server) => {
      const reason = server.fault();
      return { name: server.address, state: reason === null ? 'in_use' : 'unavailable', reason };
    }),
  };
}

/** Waits for it, but no longer than that. */
async function within(working: Promise<unknown>, limitMs: number, clock: Clock): Promise<void> {
  const over = new AbortController();
  await Promise.race([working, clock.sleep(limitMs, over.signal)]);
  over.abort();
}
