import { expect, it } from 'vitest';
import { testFrame } from '../detect/test-frame.ts';
import { toFacts, toFrameTable } from './frames-report.ts';

const error = { kind: 'invalid', message: `not a picture\n${'x'.repeat(500)}` } as const;
const dead = { ...testFrame, state: 'dead', sourceName: 'evil\u001b[2J\u0007\u202ename.jpg', error } as const;

it('shows no name that would move the cursor of a terminal', () => {
  const table = toFrameTable([dead]);
  expect(table).toContain('evil\\x1b[2J\\x07\\u202ename.jpg');
  expect(table).toContain('invalid: not a picture\\x0axxx');
  expect(table).not.toContain('\u001b');
  expect(Math.max(...table.split('\n').map(({ length }) => length))).toBeLessThan(400);
});

it('tells everything about one, and nothing of what is not known', () => {
  const { error: _, ...row } = dead;
  const known = { errorKind: error.kind, errorMessage: error.message, availableAt: new Date(0), eventId: null };
  const facts = { cameraName: 'Yard', cameraFolder: 'yard', inboxPaths: ['yard/a.jpg'], detectionCount: 0, crashes: 2 };
  const lines = toFacts({ ...row, ...known, ...facts }, { kept: '/data/media', inbox: '/in' });
  expect(lines).toContain(`kept        /data/media/${testFrame.mediaPath}`);
  expect(lines).toContain('inbox       /in/yard/a.jpg');
  expect(lines).toContain('crashes     2: examined in a process apart');
  expect(lines.filter((line) => line.startsWith('event'))).toEqual([]);
});
