import { expect, test } from 'vitest';
import { tables } from '../db/index.ts';
import { newId } from '../lib/id.ts';
import { formatCursor, parseCursor } from './pagination.ts';

const frameId = tables.frames.id;
const cameraId = tables.cameras.id;
const at = Date.parse('2025-06-01T12:00:00.123Z');

test('a cursor comes back as it went', () => {
  const key = { atMs: at, id: newId(at) };
  expect(parseCursor(formatCursor(key), frameId)).toEqual(key);
  expect(parseCursor(formatCursor({ atMs: at, id: 'front_door' }), cameraId)).toEqual({ atMs: at, id: 'front_door' });
});

test.each([
  ['nothing', ''],
  ['no cursor', 'hello'],
  ['a cursor of another list', formatCursor({ atMs: at, id: 'front_door' })],
  ['a time that PostgreSQL cannot hold', formatCursor({ atMs: -8.64e15, id: newId() })],
  ['a time after all times', formatCursor({ atMs: 8.64e15, id: newId() })],
  ['SQL', Buffer.from(`${at}~' or 1=1`).toString('base64url')],
  ['a padded cursor', `${formatCursor({ atMs: at, id: newId() })}==`],
])('%s is refused', (_what, cursor) => {
  expect(() => parseCursor(cursor, frameId)).toThrow('is not a cursor of this list');
});
