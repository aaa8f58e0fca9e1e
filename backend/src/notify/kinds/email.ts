/** Mail over SMTP: plain text, and HTML in which every word is escaped, with the picture inline. */
import type { EmailSettings } from '../../model/channel.ts';
import { NightjarError, toMessage } from '../../lib/errors.ts';
import { toPrintable } from '../../lib/printable.ts';
import { openSocket, toTrust } from '../socket.ts';
import { toWords, type Words } from '../words.ts';
import { SendError } from '../send-error.ts';
import type { Outgoing, SendOptions } from './kind.ts';

/** Several recipients may have been refused, each with its reason. */
const ANSWER_CHARS_MAX = 400;
/** A step of the conversation; the whole attempt has a limit of its own. */
const STEP_MS_MAX = 10_000;
const PICTURE_ID = 'picture@nightjar';

export async function sendEmail({ settings, outgoing, guard, signal }: SendOptions<EmailSettings>): Promise<string> {
  const { host, port, encryption, user, password, ca } = settings;
  const rest = settings.to.filter((address) => !outgoing.takenBy.includes(address));
  if (rest.length === 0) return 'everybody has it';
  // Opened in the clear: nodemailer encrypts it itself, at once (tls) or when the server has greeted (starttls).
  const { createTransport } = await import('nodemailer'); // half a megabyte, for those who send mail
  const connection = await openSocket({ host, port, isEncrypted: false, ca }, guard, signal);
  const transport = createTransport({
    connection,
    host,
    port,
    secure: encryption === 'tls',
    requireTLS: encryption === 'starttls',
    ignoreTLS: encryption === 'none',
    tls: toTrust(ca),
    ...(user !== null && { auth: { user, pass: password ?? '' } }),
    ...{ connectionTimeout: STEP_MS_MAX, greetingTimeout: STEP_MS_MAX, socketTimeout: STEP_MS_MAX },
    ...{ disableFileAccess: true, disableUrlAccess: true },
  });
  const cut = (): void => void connection.destroy();
  signal.addEventListener('abort', cut, { once: true });
  try {
    const envelope = { from: settings.from, to: rest };
    const sent = await transport.sendMail({ ...toMail(settings, outgoing), envelope });
    return toAnswer(sent, { takenBefore: outgoing.takenBy, rest });
  } catch (thrown) {
    throw signal.aborted ? signal.reason : toMailError(thrown);
  } finally {
    signal.removeEventListener('abort', cut);
    transport.close();
    connection.destroy();
  }
}

function toMail({ from, to }: EmailSettings, { id, message, picture }: Outgoing) {
  const words = toWords(message);
  return {
    from: { name: 'Nightjar', address: from },
    to: [...to],
    subject: words.title,
    messageId: `<${id}@nightjar>`,
    date: new Date(message.timestamp),
    // No answers of "out of office".
    headers: { 'Auto-Submitted': 'auto-generated' },
    text: [...words.lines, ...(words.link === null ? [] : ['', words.link])].join('\n'),
    html: toHtml(words, picture !== null),
    attachments: picture
      ? [{ filename: 'alert.jpg', content: picture, contentType: 'image/jpeg', cid: PICTURE_ID, contentDisposition: 'inline' as const }] // prettier-ignore
      : [],
  };
}

function toHtml({ title, lines, link }: Words, hasPicture: boolean): string {
  return [
    `<!doctype html><html><head><meta charset="utf-8"><title>${escape(title)}</title></head><body>`,
    `<h2>${escape(title)}</h2>`,
    ...lines.map((line) => `<p>${escape(line)}</p>`),
    ...(hasPicture ? [`<p><img src="cid:${PICTURE_ID}" alt="" style="max-width:100%"></p>`] : []),
    ...(link === null ? [] : [`<p><a href="${escape(link)}">${escape(link)}</a></p>`]),
    '</body></html>',
  ].join('\n');
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
const escape = (text: string): string => text.replace(/[&<>"']/g, (character) => entities[character] ?? '');

interface Answer {
  readonly response: string;
  readonly accepted: readonly string[];
  readonly rejectedErrors?:
    | readonly {
        readonly recipient?: string | undefined;
        readonly responseCode?: number | undefined;
        readonly response?: string | undefined;
      }[]
    | undefined;
}

/** It was taken for one of `rest` at least. Throws `unavailable` where it may be taken for another later. */
function toAnswer(
  { response, accepted, rejectedErrors = [] }: Answer,
  { takenBefore, rest }: { readonly takenBefore: readonly string[]; readonly rest: readonly string[] },
): string {
  const refusals = rejectedErrors.map((refusal) => `not for ${refusal.recipient}: ${refusal.response}`);
  if (rejectedErrors.every(({ responseCode = 0 }) => responseCode >= 500))
    return toLine([response, ...refusals].join('; '));
  // The library gives a domain back in small letters.
  const taken = new Set(accepted.map((address) => address.toLowerCase()));
  const takenBy = [...takenBefore, ...rest.filter((address) => taken.has(address.toLowerCase()))];
  throw new SendError('unavailable', toLine(refusals.join('; ')), { takenBy });
}

const toLine = (said: string): string => toPrintable(said.slice(0, ANSWER_CHARS_MAX));

/** 4xx is for now, 5xx for good (RFC 5321, section 4.2.1); without an answer it was the way there. */
function toMailError(thrown: unknown): NightjarError {
  if (thrown instanceof NightjarError) return thrown;
  const { responseCode, code, command } = thrown as { responseCode?: number; code?: string; command?: string };
  const said = toLine(toMessage(thrown));
  if (responseCode !== undefined && responseCode >= 500)
    return new SendError(code === 'EAUTH' ? 'unauthorized' : 'invalid', `at ${command ?? 'SMTP'}: ${said}`);
  return new NightjarError('unavailable', said, { cause: thrown });
}
