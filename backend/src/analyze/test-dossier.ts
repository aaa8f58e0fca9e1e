/** Dossiers for the tests of this room. */
import type { Dossier, Sighting } from '../model/analysis.ts';

export const startedAt = new Date('2024-06-10T20:51:10.000Z');

export const toSighting = (partial: Partial<Sighting> & { x?: number; y?: number; side?: number } = {}): Sighting => {
  const { x = 0.4, y = 0.4, side = 0.1, label = 'person', score = 0.9, atMs = startedAt.getTime() } = partial;
  return { atMs, label, score, box: { x, y, width: side, height: side } };
};

export function toDossier(partial: Partial<Dossier> & { readonly notes?: string } = {}): Dossier {
  const { notes = null, ...rest } = partial;
  return {
    event: {
      id: '0190a0a0-0000-7000-8000-000000000001',
      cameraId: 'front_door',
      state: 'closed',
      startedAt,
      endedAt: new Date(startedAt.getTime() + 5_000),
      labels: { person: 2 },
      detectionCount: 12,
      frameCount: 6,
      bestFrameId: '0190a0a0-0000-7000-8000-000000000002',
      bestScore: 0.91,
      riskScore: 40,
      riskLevel: 'medium',
      summary: 'Two people',
      reasoning: '+40 person seen',
      analyzer: 'rules',
      reviewed: false,
      notes,
    },
    cameraName: 'Front Door',
    tallies: [{ label: 'person', detections: 12, bestScore: 0.91 }],
    sightings: [toSighting(), toSighting({ atMs: startedAt.getTime() + 5_000, side: 0.2 })],
    pictures: [],
    past: [],
    zones: [],
    ...rest,
  };
}
