import type { IncomingHttpHeaders } from 'node:http';
import { Busboy, type BusboyFileStream, type BusboyInstance } from '@fastify/busboy';
import { NightjarError, toMessage, toNightjarError } from '../../lib/errors.ts';
import { HttpRefusal } from '../problem.ts';

const FIELDS_MAX = 32;
const FIELD_BYTES_MAX = 4_096;
/** Of the headers of one part. */
const PART_HEADER_BYTES_MAX = 8_192;
const PART_HEADERS_MAX = 32;
const FILENAME_CHARS_MAX = 255;

export interface FormFile {
  /** The field that it came under. */
  readonly field: string;
  /** As the client calls it, without control characters; never to be used as a path. Empty if it has none. */
  readonly filename: string;
  /** Empty when it is too large. */
  readonly bytes: Buffer;
  readonly isTooLarge: boolean;
}

export interface Form {
  /** The last of each name. */
  readonly fields: ReadonlyMap<string, string>;
  /** Those of the wanted fields, in the order of the form. */
  readonly files: readonly FormFile[];
  /** Names of file fields that nobody asked for. */
  readonly unwanted: readonly string[];
}

export interface FormParserOptions {
  /** Names under which files are wanted; other files are skipped. */
  readonly fileFields: readonly string[];
  readonly filesMax: number;
  /** More of a file is skipped, and the file marked. */
  readonly fileBytesMax: number;
  /** Told of a field as soon as it has come. */
  readonly onField?: ((name: string, value: string) => void) | undefined;
  /** Told of bytes that are kept; what it throws ends the reading. */
  readonly onBytes: (count: number) => void;
}

export interface FormParser {
  /** Takes the bytes of the body; `write` is false when it wants no more until `drain`. */
  readonly stream: Pick<BusboyInstance, 'write' | 'end' | 'on'>;
  /** Rejects with 413 for too many or too large parts, `invalid` for a broken form. */
  readonly form: Promise<Form>;
}

/** Throws `invalid` when the header names no boundary. */
export function createFormParser(headers: IncomingHttpHeaders, options: FormParserOptions): FormParser {
  const stream = openBusboy(headers['content-type'] ?? '', options);
  return { stream, form: collect(stream, options) };
}

export const toFormError = (cause: unknown): NightjarError =>
  cause instanceof NightjarError
    ? cause
    : new NightjarError('invalid', `the form is broken: ${toMessage(cause)}`, { cause });

function openBusboy(contentType: string, { fileFields, filesMax, fileBytesMax }: FormParserOptions): BusboyInstance {
  const limits = {
    files: filesMax,
    fileSize: fileBytesMax,
    fields: FIELDS_MAX,
    fieldSize: FIELD_BYTES_MAX,
    parts: filesMax + FIELDS_MAX,
    headerSize: PART_HEADER_BYTES_MAX,
    headerPairs: PART_HEADERS_MAX,
  };
  try {
    return new Busboy({
      headers: { 'content-type': contentType },
      limits,
      preservePath: true,
      // A client that names no file name still means a file where one is wanted.
      isPartAFile: (name, type, filename) =>
        filename !== undefined || type === 'application/octet-stream' || fileFields.includes(name ?? ''),
    });
  } catch (thrown) {
    throw toFormError(thrown);
  }
}

function collect(busboy: BusboyInstance, options: FormParserOptions): Promise<Form> {
  const { fileFields, filesMax, onField } = options;
  const fields = new Map<string, string>();
  const files: Promise<FormFile>[] = [];
  const unwanted: string[] = [];
  return new Promise((resolve, reject) => {
    const refuse = (what: string) => (): void => reject(new HttpRefusal(413, `too many ${what} in this form`));
    busboy.on('file', (field, stream, filename) => {
      stream.on('error', () => undefined); // the parser itself tells of it too
      if (!fileFields.includes(field)) {
        unwanted.push(toSafeText(field));
        stream.resume();
        return;
      }
      const file = collectFile(stream, { field, filename }, options);
      file.catch(reject);
      files.push(file);
    });
    busboy.on('field', (name, value, _nameCut, valueCut) => {
      if (valueCut) return reject(new HttpRefusal(413, `a field may have ${FIELD_BYTES_MAX} bytes at most`));
      fields.set(toSafeText(name), value);
      onField?.(name, value);
    });
    busboy.on('filesLimit', refuse(`files (more than ${filesMax})`));
    busboy.on('fieldsLimit', refuse(`fields (more than ${FIELDS_MAX})`));
    busboy.on('partsLimit', refuse('parts'));
    busboy.on('error', (thrown) => reject(toFormError(thrown)));
    busboy.on('finish', () => {
      Promise.all(files).then((whole) => resolve({ fields, files: whole, unwanted }), reject);
    });
  });
}

interface FileNames {
  readonly field: string;
  readonly filename: string | undefined;
}

function collectFile(
  stream: BusboyFileStream,
  { field, filename }: FileNames,
  { onBytes }: FormParserOptions,
): Promise<FormFile> {
  const chunks: Buffer[] = [];
  return new Promise((resolve, reject) => {
    stream.on('data', (chunk: Buffer) => {
      try {
        onBytes(chunk.length);
        chunks.push(chunk);
      } catch (thrown) {
        reject(toNightjarError(thrown));
      }
    });
    stream.on('limit', () => chunks.splice(0));
    stream.on('end', () => {
      const isTooLarge = stream.truncated;
      const bytes = Buffer.concat(isTooLarge ? [] : chunks.splice(0));
      resolve({ field, filename: toSafeText(filename), bytes, isTooLarge });
    });
  });
}

/** Fit for an answer and a log: nothing that a terminal would act upon, that turns text around, or that is half a character. */
const toSafeText = (name = ''): string =>
  name
    .replace(/[\p{Cc}\p{Bidi_Control}]/gu, '')
    .slice(0, FILENAME_CHARS_MAX)
    .replace(/\p{Surrogate}/gu, '');
