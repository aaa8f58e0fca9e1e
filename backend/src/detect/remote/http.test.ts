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

it('refuses credentials that are not percent-encoded, and does not repeat them', () => {
  const options = { apiKey: undefined, clock, onRest: () => undefined };
  expect(() => createHttp({ ...options, url: 'http://user:sec%ret@host' })).toThrow(
    expect.objectContaining({ kind: 'invalid', message: expect.not.stringMatching(/sec/) as string }) as Error,
  );
});
