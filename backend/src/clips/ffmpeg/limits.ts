/** What ffmpeg may take for one clip. Clips come from strangers, and ffmpeg is a large program. */

export interface Patience {
  /** From one sign of life to the next. The pictures of a raw stream that lie between two moments are decoded in that time. */
  readonly silenceMs: number;
  /** In one attempt, of waiting for ffmpeg. The next attempt goes on where this one ended. */
  readonly cutMs: number;
}

export const patience: Patience = { silenceMs: 120_000, cutMs: 900_000 };
export const LOOK_MS_MAX = 120_000;
/** Of its address space: a 4K film needs half of it, and its libraries alone half a gigabyte. */
export const MEMORY_BYTES_MAX = 2 * 1024 ** 3;
/** Of what it says of a film. */
export const FACTS_BYTES_MAX = 256 * 1024;
/** Of its complaints; the last ones are kept. */
export const WORDS_BYTES_MAX = 4 * 1024;
/** No clip is longer; what says so lies. It also has to fit the column. */
export const DURATION_MS_MAX = 86_400_000;

/** What cameras encode with. The other four hundred decoders are a door that nobody needs. */
export const CODECS = [
  'h264',
  'hevc',
  'mjpeg',
  'mpeg4',
  'mpeg2video',
  'mpeg1video',
  'h263',
  'msmpeg4',
  'vp8',
  'vp9',
  'av1',
  'libdav1d',
] as const;
