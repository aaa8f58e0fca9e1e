import type { Format } from '../formats.ts';
import { CODECS } from './limits.ts';

export interface Film {
  /** Absolute path. */
  readonly file: string;
  readonly format: Format;
  readonly imagePixelsMax: number;
}

/**
 * How a film is opened, by both programs. Of the protocols only plain files, so that nothing in it can name another place;
 * as what we recognised it for, never as what it says it is; and `file:` before the path, so that no path is an option.
 */
export const toOpenArgs = ({ file, format, imagePixelsMax }: Film): readonly string[] => [
  ...['-protocol_whitelist', 'file', '-codec_whitelist:V', CODECS.join(',')],
  ...['-max_pixels', String(imagePixelsMax), '-threads', '1'],
  ...['-f', format.demuxer, '-i', `file:${file}`],
];
