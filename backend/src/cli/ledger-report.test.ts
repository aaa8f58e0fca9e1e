import { expect, it } from 'vitest';
import { testFrame } from '../detect/test-frame.ts';
import { toClipFacts, toFrameFacts, toLedgerTable, toLines } from './ledger-report.ts';

const error = { kind: 'invalid', message: `not a picture\n${'x'.repeat(500)}` } as const;
const dead = { ...testFrame, state: 'dead', sourceName: 'evil\u001b[2J\u0007\u202ename.jpg', error } as const;

it('shows no name that would move the cursor of a terminal', () => {
  const table = toLedgerTable([dead]);
  expect(table).toContain('evil\\x1b[2J\\x07\\u202ename.jpg');
  expect(table).toContain('invalid: not a picture\\x0axxx');
  expect(table).not.toContain('\u001b');
  expect(Math.max(...table.split('\n').map(({ length }) => length))).toBeLessThan(400);
});

it('tells everything about one, and nothing of what is not known', () => {
  const { error: _, ...row } = dead;
  const known = { errorKind: error.kind, errorMessage: error.message, availableAt: new Date(0), eventId: null };
  const facts = { cameraName: 'Yard', cameraFolder: 'yard', inboxPaths: ['yard/a.jpg'], detectionCount: 0, crashes: 2 };
  const lines = toLines(toFrameFacts({ ...row, ...known, ...facts }, '/data/media'), '/in');
  expect(lines).toContain(`kept        /data/media/${testFrame.mediaPath}`);
  expect(lines).toContain('inbox       /in/yard/a.jpg');
  expect(lines).toContain('crashes     2: examined in a process apart');
  expect(lines.filter((line) => line.startsWith('event'))).toEqual([]);
});

it('tells of a clip how far it came', () => {
  const { error: _, ...row } = dead;
  const film = { sha256: 'aa', mediaType: 'video/mp4', mediaPath: 'yard/aa.mp4', durationMs: 9_000, framesPlanned: 3, capturedFrom: 'name' } as const; // prettier-ignore
  const known = { errorKind: error.kind, errorMessage: error.message, availableAt: new Date(0) };
  const facts = { cameraName: 'Yard', cameraFolder: 'yard', inboxPaths: [], frameCount: 2, deadCount: 1 };
  const lines = toLines(toClipFacts({ ...row, ...film, ...known, ...facts }, 's3://bucket'), '/in');
  expect(lines).toContain('kept        s3://bucket/yard/aa.mp4');
  expect(lines).toContain('length      9000 ms');
  expect(lines).toContain('frames      2 of 3, 1 dead among them');
});
