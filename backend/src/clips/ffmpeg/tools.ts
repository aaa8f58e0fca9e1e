/** Whether there is an ffmpeg here, and what it can do. */
import { NightjarError, toMessage } from '../../lib/errors.ts';
import type { Clock } from '../../lib/clock.ts';
import { runProgram } from '../../lib/run-program.ts';
import type { Program } from './run.ts';

const ANSWER_MS_MAX = 10_000;

export interface Paths {
  readonly ffmpeg: string;
  readonly ffprobe: string;
}

export interface Tools {
  readonly ffmpeg: Program;
  readonly ffprobe: Program;
  /** As ffmpeg says it: `5.1.9-0+deb12u1`. */
  readonly version: string;
  /** How this version is told to take each picture once and at its own time. */
  readonly passthrough: readonly string[];
}

export const systemPaths: Paths = { ffmpeg: 'ffmpeg', ffprobe: 'ffprobe' };

interface FindOptions {
  readonly paths?: Paths;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** Throws `not_found`, with what to do about it, when ffmpeg or a part of it is not there. */
export async function findTools({ paths = systemPaths, clock, signal }: FindOptions): Promise<Tools> {
  const ask = async (program: string, ...args: string[]): Promise<string> =>
    runProgram(program, args, { withinMs: ANSWER_MS_MAX, clock, signal }).output;
  try {
    const [said, formats] = [await ask(paths.ffmpeg, '-version'), await ask(paths.ffmpeg, '-hide_banner', '-muxers')];
    await ask(paths.ffprobe, '-version');
    if (!/^\s*E\s+smjpeg\s/m.test(formats)) throw new Error('this ffmpeg was built without the muxer smjpeg');
    const prlimit = await findPrlimit(ask);
    const version = /version (\S+)/.exec(said)?.[1] ?? 'unknown';
    const [ffmpeg, ffprobe] = [paths.ffmpeg, paths.ffprobe].map((path) => ({ path, prlimit })) as [Program, Program];
    return { ffmpeg, ffprobe, version, passthrough: toPassthrough(version) };
  } catch (thrown) {
    const how = 'install it (apt install ffmpeg, brew install ffmpeg)';
    throw new NightjarError('not_found', `no ffmpeg that can be used: ${how}: ${toMessage(thrown)}`, { cause: thrown });
  }
}

/** Part of util-linux. Elsewhere (macOS) memory is limited by the size of the pictures only. */
async function findPrlimit(ask: (program: string, ...args: string[]) => Promise<string>): Promise<string | undefined> {
  if (process.platform !== 'linux') return undefined;
  return ask('prlimit', '--version').then(
    () => 'prlimit',
    () => undefined, // the other limits hold without it
  );
}

/** `-vsync` was renamed in 5.1, and is to be dropped. Builds between releases (`N-112233-g...`) are newer than that. */
function toPassthrough(version: string): readonly string[] {
  const found = /^n?(\d+)\.(\d+)/.exec(version);
  const [major, minor] = [Number(found?.[1] ?? 99), Number(found?.[2] ?? 0)];
  return major < 5 || (major === 5 && minor < 1) ? ['-vsync', 'passthrough'] : ['-fps_mode', 'passthrough'];
}
