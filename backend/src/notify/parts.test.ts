import fc from 'fast-check';
import { expect, it } from 'vitest';
import { toBackoffMs } from './backoff.ts';
import { toResponseLine, toRetryAfterMs } from './http.ts';
import { toHeader } from './kinds/ntfy.ts';
import { ATTEMPTS_MAX } from './ledger.ts';
import { toConfigs } from './mqtt/discovery.ts';
import { parseConfigTopic, toConfigTopic } from './mqtt/topics.ts';
import { toMessage } from './test-notify.ts';
import { toWords } from './words.ts';

const HOUR_MS = 3_600_000;

it('tries for about a day, longer and longer', () => {
  const waits = Array.from({ length: ATTEMPTS_MAX - 1 }, (_, index) => toBackoffMs(index + 1, 0, 0.5));
  expect(waits.every((wait, index) => index === 0 || wait >= (waits[index - 1] ?? 0))).toBe(true);
  const sum = waits.reduce((all, one) => all + one, 0);
  expect(sum).toBeGreaterThan(18 * HOUR_MS);
  expect(sum).toBeLessThan(26 * HOUR_MS);
  expect(toBackoffMs(1, HOUR_MS)).toBe(HOUR_MS);
});

it.each([
  ['120', 120_000],
  ['Thu, 01 Jan 1970 00:01:00 GMT', 60_000],
  ['99999999', 12 * HOUR_MS],
  ['soon', undefined],
])('reads Retry-After: %s', (value, ms) => expect(toRetryAfterMs(value, 0)).toBe(ms));

it.each([
  [408, 'unavailable'],
  [425, 'overloaded'],
  [429, 'overloaded'],
  [500, 'unavailable'],
  [503, 'overloaded'],
  [301, 'invalid'],
  [400, 'invalid'],
  [401, 'unauthorized'],
  [404, 'invalid'],
  [410, 'invalid'],
])('judges HTTP %i as %s', (status, kind) => {
  expect(() => toResponseLine({ status, retryAfter: undefined, body: '' }, 0)).toThrow(
    expect.objectContaining({ kind }),
  );
});

it('writes any words as a header that is one line, and can be read back', () => {
  const decode = (header: string): string =>
    header.replace(/=\?UTF-8\?B\?([^?]*)\?=( (?==\?))?/g, (_, word: string) => Buffer.from(word, 'base64').toString());
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), (text) => {
      const header = toHeader(text);
      expect(header).toMatch(/^[\x20-\x7e]*$/);
      expect(decode(header)).toBe(text);
      for (const word of header.match(/=\?.*?\?=(?= |$)/g) ?? []) expect(word.length).toBeLessThanOrEqual(75);
    }),
  );
});

it('makes one line of whatever a name holds', () => {
  const words = toWords(toMessage({ ruleName: 'a\r\nBcc: x@y.z', summary: 'up\u202eside' }, 'Gate\n\0<b>'));
  for (const line of [words.title, ...words.lines]) expect(line).toMatch(/^[^\p{Cc}\u202e]*$/u);
  expect(words.title).toBe('Person at Gate\\x0a\\x00<b>');
});

it('knows its own discovery topics, whatever the camera is called, and no others', () => {
  const settings = { base_topic: 'home/nightjar', discovery_prefix: 'homeassistant' };
  const id = fc.stringMatching(/^[a-z0-9][a-z0-9_-]{0,20}$/);
  fc.assert(
    fc.property(id, (cameraId) => {
      expect(parseConfigTopic(settings, toConfigTopic(settings, cameraId, 'risk'))).toBe(cameraId);
    }),
  );
  for (const topic of [
    'homeassistant/sensor/other/yard_risk/config',
    'homeassistant/event/home_nightjar/yard_risk/config',
  ])
    expect(parseConfigTopic(settings, topic)).toBeUndefined();
});

it('lets no name of a camera into a topic or out of its JSON', () => {
  const settings = { base_topic: 'nightjar', discovery_prefix: 'homeassistant' };
  for (const [topic, payload] of toConfigs(settings, { id: 'yard', name: '#/+/"},{{ states }}\n$SYS' })) {
    expect(topic).toMatch(/^homeassistant\/(binary_sensor|sensor|event|image)\/nightjar\/yard_[a-z]+\/config$/);
    const { device } = JSON.parse(payload) as { device: { name: string } };
    expect(device.name).toBe('#/+/"},{{ states }}\\x0a$SYS');
    expect(payload).not.toContain('_template');
  }
});
