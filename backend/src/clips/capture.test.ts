import { expect, it } from 'vitest';
import { toCapture } from './capture.ts';

const nowMs = Date.UTC(2026, 0, 2);
const capturedAt = new Date(nowMs - 60_000);
const at = (text: string): Date => new Date(text);

it.each([
  ['the name', 'name', at('2025-01-01T00:00:00Z'), 'name', capturedAt],
  ['the film', 'modified', at('2025-01-01T00:00:00Z'), 'metadata', at('2025-01-01T00:00:00Z')],
  [
    'the file less the length, where the film says nothing',
    'modified',
    undefined,
    'modified',
    new Date(nowMs - 70_000),
  ],
  ['the file, where the film says 1970', 'modified', at('1970-01-01T00:00:00Z'), 'modified', new Date(nowMs - 70_000)],
  [
    'the film, by a clock that is an hour ahead',
    'modified',
    at('2026-01-02T01:00:00Z'),
    'metadata',
    at('2026-01-02T01:00:00Z'),
  ],
  [
    'the file, where the film is of the day after tomorrow',
    'modified',
    at('2026-01-04T00:00:00Z'),
    'modified',
    new Date(nowMs - 70_000),
  ],
] as const)('the first picture has the time of %s', (_, capturedFrom, createdAt, from, expected) => {
  const found = toCapture({ capturedAt, capturedFrom }, { createdAt, durationMs: 10_000 }, nowMs);
  expect(found).toEqual({ capturedAt: expected, capturedFrom: from });
});
