/**
 * Forms with files (multipart/form-data, RFC 7578), read as they come: what is beyond a limit ends the reading and is
 * never held. The rest of a refused body is left to the server, which lets it flow away for a moment and then hangs up.
 */
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { NightjarError, toNightjarError } from '../../lib/errors.ts';
import { createFormParser, toFormError, type Form, type FormParser, type FormParserOptions } from './form-parser.ts';
import { HttpRefusal } from '../problem.ts';

export type { Form, FormFile } from './form-parser.ts';

/** What fields, headers and boundaries may add to the files of a form. */
export const FORM_BYTES_MAX = 256 * 1_024;

export interface FormOptions extends FormParserOptions {
  /** Of the whole body. */
  readonly bodyBytesMax: number;
  /** Ends the reading with its reason. */
  readonly signal: AbortSignal;
  /** Told whenever something of the body has come. */
  readonly onChunk?: (() => void) | undefined;
}

/**
 * Throws 415 for what is no form, 413 for what is too much, `invalid` for a broken form, `cancelled` when the client
 * goes away, and what `onBytes` or the signal say.
 */
export async function readForm(incoming: IncomingMessage, options: FormOptions): Promise<Form> {
  assertForm(incoming.headers, options);
  const parser = createFormParser(incoming.headers, options);
  const feeding = new AbortController();
  try {
    return await Promise.race([parser.form, feed(incoming, parser, { ...options, until: feeding.signal })]);
  } finally {
    feeding.abort();
    // What becomes of the rest is nobody's concern: the answer is decided. Unheard, it would end the process.
    parser.form.catch(() => undefined);
    incoming.on('error', () => undefined).pause();
  }
}

export const isForm = (headers: IncomingHttpHeaders): boolean =>
  /^multipart\/form-data\s*(;|$)/i.test(headers['content-type'] ?? '');

function assertForm(headers: IncomingHttpHeaders, { bodyBytesMax }: FormOptions): void {
  const encoding = headers['content-encoding'] ?? 'identity';
  if (!isForm(headers) || encoding !== 'identity')
    throw new HttpRefusal(415, 'send a form with files: Content-Type: multipart/form-data, not compressed');
  if (Number(headers['content-length'] ?? 0) > bodyBytesMax) throw tooLarge(bodyBytesMax);
}

const tooLarge = (bytesMax: number): HttpRefusal =>
  new HttpRefusal(413, `this form may have ${bytesMax} bytes at most`);

/** Never resolves: the parser says when the form is whole. */
function feed(
  incoming: IncomingMessage,
  { stream }: FormParser,
  { bodyBytesMax, signal, onChunk, until }: FormOptions & { readonly until: AbortSignal },
): Promise<never> {
  return new Promise((_resolve, reject) => {
    let bytes = 0;
    const leave = (): void =>
      reject(new NightjarError('cancelled', 'the client went away in the middle of its request'));
    const abort = (): void => reject(toNightjarError(signal.reason));
    const take = (chunk: Buffer): void => {
      onChunk?.();
      bytes += chunk.length;
      if (bytes > bodyBytesMax) return reject(tooLarge(bodyBytesMax));
      // By hand and not by `pipe`: what the parser throws must not bring the process down.
      try {
        if (!stream.write(chunk)) incoming.pause();
      } catch (thrown) {
        reject(toFormError(thrown));
      }
    };
    const end = (): void => void stream.end();
    // Every request closes: one whose body has come whole is only done.
    const close = (): void => void (incoming.complete || leave());
    if (signal.aborted) return abort();
    if (incoming.destroyed) return leave(); // while it waited for its turn
    stream.on('drain', () => !until.aborted && incoming.resume());
    signal.addEventListener('abort', abort);
    incoming.on('data', take).on('end', end).on('close', close).on('error', leave);
    until.addEventListener('abort', () => {
      signal.removeEventListener('abort', abort);
      incoming.off('data', take).off('end', end).off('close', close).off('error', leave);
    });
  });
}
