import { expect, test, vi } from 'vitest';
import type { Clock } from '../../lib/clock.ts';
import { NightjarError } from '../../lib/errors.ts';
import { silentLog } from '../../lib/log.ts';
import type { PreparedPicture } from '../picture/decode.ts';
import { createEngine, type Engine } from './engine.ts';
import { createFallback, type Fallback, type FallbackOptions } from './fallback.ts';
import { toLayout, type Layout } from './layout.ts';
import type { OnnxThread, RunRequest } from './thread/onnx-thread.ts';
import type { ProviderName } from './providers.ts';
import type { RunOutputs } from './thread/session.ts';

const input = { width: 2, height: 1, resize: 'stretch', align: 'centre', pad: 0 } as const;
/** Nobody wakes before the end. */
const clock: Clock = {
  nowMs: () => 0,
  sleep: (_durationMs, signal) => new Promise((wake) => signal?.addEventListener('abort', () => wake())),
};
/** A picture whose first byte tells it from others. */
const picture = (mark: number): PreparedPicture => {
  const size = { width: 2, height: 1 };
  return {
    pixels: new Uint8Array(6).fill(mark),
    placement: { input: size, picture: size, drawn: size, left: 0, top: 0 },
  };
};
/** The marks of the pictures that a run computed, padding included. */
const marksOf = ({ batch, pixels }: RunRequest): number[] =>
  Array.from({ length: batch }, (_, index) => pixels[index * 6] ?? -1);

/** A thread that answers with the marks of its pictures, or dies as the test says. */
function createThread(computing: (marks: number[]) => void): OnnxThread {
  let setEnded: (error: NightjarError) => void = () => undefined;
  const ended = new Promise<NightjarError>((resolve) => (setEnded = resolve));
  return {
    ended,
    async run(request): Promise<RunOutputs> {
      try {
        computing(marksOf(request));
        return { marks: marksOf(request) };
      } catch (thrown) {
        const error = new NightjarError('unavailable', (thrown as Error).message);
        setEnded(error);
        throw error;
      }
    },
    close: async () => setEnded(new NightjarError('unavailable', 'closed')),
  };
}

interface Story {
  /** What happens in a run; throws where the thread dies. */
  readonly onRun?: (provider: ProviderName, marks: number[]) => void;
  /** What happens as a provider opens; throws where it does not. */
  readonly onOpen?: (layout: Layout) => void;
  readonly providers?: readonly ProviderName[];
  readonly options?: Partial<FallbackOptions>;
}

const toError = (message: string) => new NightjarError('unavailable', message);

/** A chain of real engines and pools on threads that are not; `told` is what happened, in order. */
async function withFallback(story: Story, use: (fallback: Fallback, told: string[]) => Promise<void>): Promise<void> {
  const { onRun, onOpen, providers = ['cuda', 'webgpu', 'cpu'], options } = story;
  const told: string[] = [];
  const open = (layout: Layout, isLast: boolean): Promise<Engine> => {
    const { provider, batchMax } = layout;
    const start = async (): Promise<OnnxThread> => {
      told.push(`open ${provider} ${batchMax}`);
      onOpen?.(layout);
      return createThread((marks) => {
        told.push(`${provider} ${marks.join(' ')}`);
        onRun?.(provider, marks);
      });
    };
    return createEngine({ layout, input, start, revive: isLast, clock, log: silentLog });
  };
  const fallback = await createFallback({
    layouts: providers.map((provider) => toLayout(provider, { workers: 1 }, { cuda: 4, webgpu: 2, cpu: 1 })),
    findAbsence: () => null,
    qualify: async ({ batchMax }) => ({ batchMax, notes: [] }),
    open,
    firstOnly: false,
    clock,
    log: silentLog,
    ...options,
  });
  await use(fallback, told).finally(() => fallback.close());
}

const statesOf = (fallback: Fallback): string[] => fallback.health().backends.map(({ name, state, reason }) => `${name} ${state}${reason === null ? '' : `: ${reason}`}`); // prettier-ignore

test('computes on the first that works, padded to its buckets, and says so', () =>
  withFallback({}, async (fallback, told) => {
    const [run] = await fallback.run([picture(1), picture(2), picture(3)]);
    expect(run).toMatchObject({ batch: 4, placements: { length: 3 }, outputs: { marks: [1, 2, 3, 0] } });
    expect(told).toEqual(['open cuda 4', 'cuda 1 2 3 0']);
    expect(statesOf(fallback)).toEqual(['cuda in_use', 'webgpu standby', 'cpu standby']);
    expect(fallback.health()).toMatchObject({ provider: 'cuda', fault: null });
  }));

test('goes past those that are not here, fail their trial or do not open, with the reasons', async () => {
  const qualify: FallbackOptions['qualify'] = async ({ provider, batchMax }) => {
    if (provider === 'cuda') throw toError('slower');
    return { batchMax, notes: [] };
  };
  const story: Story = {
    providers: ['tensorrt', 'cuda', 'webgpu', 'cpu'],
    onOpen: ({ provider }) => {
      if (provider === 'webgpu') throw toError('no adapter');
    },
    options: { qualify, findAbsence: ({ provider }) => (provider === 'tensorrt' ? 'not installed' : null) },
  };
  await withFallback(story, async (fallback) => {
    expect(statesOf(fallback)).toEqual([
      'tensorrt unavailable: not installed',
      'cuda unavailable: slower',
      'webgpu unavailable: no adapter',
      'cpu in_use',
    ]);
  });
});

test('a hiccup is tried again on the same provider, with the same pictures', async () => {
  const onRun = vi.fn<NonNullable<Story['onRun']>>().mockImplementationOnce(() => {
    throw new Error('device busy');
  });
  await withFallback({ onRun }, async (fallback, told) => {
    expect(await fallback.run([picture(7)])).toMatchObject([{ outputs: { marks: [7] } }]);
    expect(told).toEqual(['open cuda 4', 'cuda 7', 'open cuda 4', 'cuda 7']);
    expect(fallback.health()).toMatchObject({ provider: 'cuda', fault: null });
  });
});

test('a second failure in a row gives the provider up; the work in hand goes on, larger calls in pieces', async () => {
  const onRun: Story['onRun'] = (provider) => {
    if (provider !== 'cpu') throw new Error(`${provider} lost`);
  };
  await withFallback({ onRun }, async (fallback, told) => {
    const calls = [[1, 2, 3], [4]].map((marks) => fallback.run(marks.map(picture)));
    const [first = [], second = []] = await Promise.all(calls);
    expect(first.map(({ outputs }) => outputs)).toEqual([{ marks: [1] }, { marks: [2] }, { marks: [3] }]);
    expect(second).toMatchObject([{ batch: 1, outputs: { marks: [4] } }]);
    expect(told.filter((line) => line.startsWith('open'))).toEqual(['open cuda 4', 'open cuda 4', 'open webgpu 2', 'open webgpu 2', 'open cpu 1']); // prettier-ignore
    expect(statesOf(fallback)).toEqual([
      'cuda unavailable: failed at run time: cuda lost',
      'webgpu unavailable: failed at run time: webgpu lost',
      'cpu in_use',
    ]);
    // It stays so.
    await fallback.run([picture(5)]);
    expect(told.at(-1)).toBe('cpu 5');
  });
});

test('a provider that fails ever so often is given up, even if each second try works', async () => {
  let runs = 0;
  const onRun: Story['onRun'] = (provider) => {
    if (provider === 'cuda' && runs++ % 2 === 0) throw new Error('flicker');
  };
  await withFallback({ onRun }, async (fallback) => {
    const used: string[] = [];
    for (const mark of [1, 2, 3]) {
      await fallback.run([picture(mark)]);
      used.push(fallback.health().provider);
    }
    expect(used).toEqual(['cuda', 'cuda', 'webgpu']);
  });
});

test('short of memory, smaller batches are tried before the provider is given up', async () => {
  const onRun: Story['onRun'] = (provider, marks) => {
    if (provider === 'cuda' && marks.length > 1) throw new Error('CUDA failure 2: out of memory');
  };
  await withFallback({ onRun }, async (fallback, told) => {
    const runs = await fallback.run([picture(1), picture(2), picture(3)]);
    expect(runs.map(({ outputs }) => outputs)).toEqual([{ marks: [1] }, { marks: [2] }, { marks: [3] }]);
    expect(told.filter((line) => line.startsWith('open'))).toEqual(['open cuda 4', 'open cuda 2', 'open cuda 1']);
    expect(fallback.health().provider).toBe('cuda');
  });
});

test('short of memory as it opens, likewise', async () => {
  const onOpen: Story['onOpen'] = ({ provider, batchMax }) => {
    if (provider === 'cuda' && batchMax > 2) throw toError('Failed to allocate memory for requested buffer');
  };
  await withFallback({ onOpen }, async (fallback) => {
    expect(fallback.layout).toMatchObject({ provider: 'cuda', batchMax: 2, buckets: [1, 2] });
  });
});

test('only the provider that was asked for may be used at the start; the next is for later', async () => {
  const qualify: FallbackOptions['qualify'] = () => Promise.reject(toError('no such device'));
  const story: Story = { providers: ['cuda', 'cpu'], options: { firstOnly: true, qualify } };
  await expect(withFallback(story, async () => undefined)).rejects.toMatchObject({
    kind: 'unavailable',
    message: 'no such device',
  });
  const onRun: Story['onRun'] = (provider) => {
    if (provider === 'cuda') throw new Error('cuda lost');
  };
  await withFallback({ onRun, providers: ['cuda', 'cpu'], options: { firstOnly: true } }, async (fallback) => {
    expect(await fallback.run([picture(1)])).toMatchObject([{ outputs: { marks: [1] } }]);
    expect(fallback.health().provider).toBe('cpu');
  });
});

test('the last provider fails its run, which is the caller’s to try again', async () => {
  const onRun: Story['onRun'] = () => {
    throw new Error('cpu lost');
  };
  await withFallback({ onRun, providers: ['cpu'] }, async (fallback, told) => {
    await expect(fallback.run([picture(1)])).rejects.toMatchObject({ kind: 'unavailable', message: 'cpu lost' });
    expect(fallback.health()).toMatchObject({ fault: 'cpu lost', backends: [{ state: 'unavailable' }] });
    expect(told).toEqual(['open cpu 1', 'cpu 1']);
  });
});

test('when not even the last one opens, calls fail, and it is tried again', async () => {
  let wake: () => void = () => undefined;
  let isShort = true;
  const sleeping: Clock = { nowMs: () => 0, sleep: () => new Promise((resolve) => (wake = resolve)) };
  const story: Story = {
    providers: ['cuda', 'cpu'],
    onRun: (provider) => {
      if (provider === 'cuda') throw new Error('cuda lost');
    },
    onOpen: ({ provider }) => {
      if (provider === 'cpu' && isShort) throw toError('no room');
    },
    options: { clock: sleeping },
  };
  await withFallback(story, async (fallback) => {
    await expect(fallback.run([picture(1)])).rejects.toThrow('no room');
    expect(fallback.health()).toMatchObject({ provider: 'cpu', fault: 'no room' });
    isShort = false;
    wake();
    await expect.poll(() => fallback.health().fault).toBeNull();
    expect(await fallback.run([picture(1)])).toMatchObject([{ outputs: { marks: [1] } }]);
  });
});

test('closed, it neither computes nor opens another provider', async () => {
  await withFallback({}, async (fallback, told) => {
    await fallback.close();
    await expect(fallback.run([picture(1)])).rejects.toMatchObject({ kind: 'unavailable' });
    expect(told).toEqual(['open cuda 4']);
  });
});
