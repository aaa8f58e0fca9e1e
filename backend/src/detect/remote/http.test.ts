import { expect, it } from 'vitest';
import { systemClock as clock } from '../../lib/clock.ts';
import { createHttp, parseRetryAfter, toAddress } from './http.ts';

const NOW_MS = Date.parse('2024-06-10T12:00:00Z');

it.each([
  ['2', 2_000],
  ['0', 0],
  ['3600', 60_000],
  ['Mon, 10 Jun 2024 12:00:05 GMT', 5_000],
  ['Mon, 10 Jun 2024 11:00:00 GMT', 0],
  ['soon', null],
  ['', null],
  [null, null],
])('understands Retry-After: %s', (said, ms) => expect(parseRetryAfter(said, NOW_MS)).toBe(ms));

it.each([
  ['http://user:secret@host:8090/', 'http://host:8090'],
  ['https://host/rtdetr/?token=secret#x', 'https://host/rtdetr'],
])('shows of %s no secret', (url, address) => expect(toAddress(url)).toBe(address));

const open = (url: string, apiKey?: string) => createHttp({ url, apiKey, clock, onRest: () => undefined });

it.each([
  ['a key that no header can carry', 'http://host', 'sec\nret'],
  ['a key that no header can carry', 'http://host', 'secret\u20ac'],
  ['credentials that are not percent-encoded', 'http://user:sec%ret@host', undefined],
])('refuses %s, and does not repeat it', (_what, url, apiKey) => {
  expect(() => open(url, apiKey)).toThrow(
    expect.objectContaining({ kind: 'invalid', message: expect.not.stringMatching(/sec/) as string }) as Error,
  );
});
