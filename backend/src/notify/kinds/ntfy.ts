/**
 * ntfy (https://docs.ntfy.sh/publish): the picture is the body of a PUT, the words are headers, in RFC 2047 where they are
 * not plain ASCII, so no name can end a header or begin another.
 */
import { toNightjarError } from '../../lib/errors.ts';
import type { NtfySettings } from '../../model/channel.ts';
import type { DeliveryMessage } from '../../model/delivery.ts';
import { sendHttp, toResponseLine } from '../http.ts';
import { toWords } from '../words.ts';
import type { SendOptions } from './kind.ts';

/** Of five: 5 rings through "do not disturb". */
const priorityOf = { low: 2, medium: 3, high: 4, critical: 5 } as const;
const TEST_PRIORITY = 3;

export async function sendNtfy(options: SendOptions<NtfySettings>): Promise<string> {
  if (options.outgoing.picture === null) return publish(options, null);
  try {
    return await publish(options, options.outgoing.picture);
  } catch (thrown) {
    const error = toNightjarError(thrown);
    // A server may take no attachments, none so large, or no more today (429): the words matter more. What was refused was
    // shown to nobody.
    if (!['invalid', 'overloaded'].includes(error.kind)) throw error;
    return publish(options, null);
  }
}

async function publish(
  { settings, outgoing, guard, clock, signal }: SendOptions<NtfySettings>,
  picture: Buffer | null,
) {
  const { title, lines, link } = toWords(outgoing.message);
  const headers = {
    Title: toHeader(title),
    Priority: `${toPriority(outgoing.message)}`,
    ...(link !== null && { Click: link }),
    ...toAuthorization(settings),
    // ntfy makes line breaks of \n in a header, and so of ours only.
    ...(picture && { Filename: 'alert.jpg', Message: toHeader(lines.map(toUnescaped).join('\\n')) }),
  };
  const body = picture ?? Buffer.from(lines.join('\n'));
  const url = new URL(`/${settings.topic}`, settings.server);
  const answer = await sendHttp({ method: 'PUT', url, headers, body, ca: settings.ca }, { guard, signal });
  return toResponseLine(answer, clock.nowMs());
}

const toPriority = (message: DeliveryMessage): number =>
  message.type === 'alert.created' ? priorityOf[message.data.alert.risk_level] : TEST_PRIORITY;

function toAuthorization({ token, user, password }: NtfySettings): { Authorization?: string } {
  if (token !== null) return { Authorization: `Bearer ${token}` };
  if (user === null) return {};
  return { Authorization: `Basic ${Buffer.from(`${user}:${password ?? ''}`).toString('base64')}` };
}

const toUnescaped = (line: string): string => line.replaceAll('\\', '/');

/** An encoded word may have 75 characters, hence several; whole characters in each. */
const WORD_BYTES_MAX = 42;

export function toHeader(text: string): string {
  if (/^[\x20-\x7e]*$/.test(text) && !text.includes('=?')) return text;
  const words: string[] = [''];
  for (const character of text) {
    const word = `${words.at(-1)}${character}`;
    if (Buffer.byteLength(word) <= WORD_BYTES_MAX) words[words.length - 1] = word;
    else words.push(character);
  }
  return words.map((word) => `=?UTF-8?B?${Buffer.from(word).toString('base64')}?=`).join(' ');
}
