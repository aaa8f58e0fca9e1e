/** An alert in words for people: plain text of one line each, whatever names cameras and rules were given. */
import { toPrintable } from '../lib/printable.ts';
import type { DeliveryMessage } from '../model/delivery.ts';

const NAME_CHARS_MAX = 100;
const SUMMARY_CHARS_MAX = 500;

export interface Words {
  readonly title: string;
  readonly lines: readonly string[];
  /** Where to look; null without PUBLIC_URL. */
  readonly link: string | null;
}

export function toWords(message: DeliveryMessage): Words {
  if (message.type === 'channel.test') {
    const name = toName(message.data.channel_name);
    return { title: 'Nightjar: a test', lines: [`Alerts of the channel "${name}" arrive here.`], link: null };
  }
  const { alert, camera_name: camera, links } = message.data;
  const title = `${toCapital(toName(alert.label))} at ${toName(camera)}`;
  const lines = [
    toLine(alert.summary, SUMMARY_CHARS_MAX),
    `Rule: ${toName(alert.rule_name)}`,
    `Risk: ${alert.risk_score} (${alert.risk_level})`,
    `Seen: ${alert.captured_at}, score ${alert.score.toFixed(2)}`,
  ].filter((line) => line !== '');
  return { title, lines, link: links?.page ?? null };
}

const toName = (name: string): string => toLine(name, NAME_CHARS_MAX);

/** Whole characters: half an emoji is no valid text. */
function toLine(text: string, charsMax: number): string {
  const characters = Array.from(toPrintable(text));
  return characters.length <= charsMax ? characters.join('') : `${characters.slice(0, charsMax - 1).join('')}…`;
}

const toCapital = (text: string): string => `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;
