import { NightjarError } from '../lib/errors.ts';

/** What ffmpeg reads a clip as. */
export interface Format {
  /** ffmpeg's own name of it. */
  readonly demuxer: string;
  /** Whether one can go straight to a moment. TS has no index, and ffmpeg may land behind it; in AVI a moment is not exact. */
  readonly canSeek: boolean;
}

const mp4: Format = { demuxer: 'mov', canSeek: true };
const matroska: Format = { demuxer: 'matroska', canSeek: true };
const avi: Format = { demuxer: 'avi', canSeek: false };
const mpegTs: Format = { demuxer: 'mpegts', canSeek: false };
const h264: Format = { demuxer: 'h264', canSeek: false };
const h265: Format = { demuxer: 'hevc', canSeek: false };

/** By our own recognised media type. ffmpeg is never left to guess: it knows playlists and scripts that open other files. */
const formats: ReadonlyMap<string, Format> = new Map([
  ['video/mp4', mp4],
  ['video/quicktime', mp4],
  ['video/x-matroska', matroska],
  ['video/x-msvideo', avi],
  ['video/mp2t', mpegTs],
  ['video/h264', h264],
  ['video/h265', h265],
]);

/** Throws `invalid` for what is no clip that we know. */
export function toFormat(mediaType: string): Format {
  const format = formats.get(mediaType.toLowerCase());
  if (!format) throw new NightjarError('invalid', `not a kind of clip that can be cut: ${mediaType}`);
  return format;
}
