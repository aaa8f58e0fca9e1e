/** The one JSON document that a model gets of an event: everything measured or sanitised, nothing raw. */
import type { Dossier } from '../model/analysis.ts';
import { sample, toMovement, toTracks } from './movement.ts';
import { toPlainText } from './plain-text.ts';

/** Characters of each kind of foreign string, and items of each list. */
const NAME_CHARS_MAX = 100;
const SUMMARY_CHARS_MAX = 300;
const NOTES_CHARS_MAX = 1_000;
const LABELS_MAX = 20;
const TRACKS_MAX = 12;
const PAST_MAX = 5;
const ZONES_MAX = 20;

const toName = (text: string): string => toPlainText(text, NAME_CHARS_MAX);

export function toFactsDocument(dossier: Dossier, timeZone: string) {
  const { event, zones } = dossier;
  const [startedMs, endedMs] = [event.startedAt.getTime(), event.endedAt.getTime()];
  return {
    camera: toName(dossier.cameraName),
    time_zone: timeZone,
    started: toLocalTime(startedMs, timeZone),
    ended: toLocalTime(endedMs, timeZone),
    duration_seconds: Math.round((endedMs - startedMs) / 1_000),
    frames_with_detections: event.frameCount,
    labels: toLabels(dossier),
    movement: toTracks(dossier.sightings)
      .slice(0, TRACKS_MAX)
      .map((track) => toMovement({ ...track, label: toName(track.label) }, startedMs)),
    ...(zones.length > 0 && { zones: sample(zones, ZONES_MAX).map(toName) }),
    recent_events_of_this_camera: dossier.past.slice(0, PAST_MAX).map((past) => ({
      started: toLocalTime(past.startedMs, timeZone),
      duration_seconds: Math.round((past.endedMs - past.startedMs) / 1_000),
      labels: toCounts(past.labels),
      score: past.riskScore,
      summary: toPlainText(past.summary, SUMMARY_CHARS_MAX),
    })),
    ...(event.notes && { notes_of_a_user: toPlainText(event.notes, NOTES_CHARS_MAX) }),
  };
}

/** Every text in the document: among them whatever cameras and users wrote, as the model reads it. */
export const toFactsTexts = (dossier: Dossier, timeZone: string): readonly string[] =>
  toTexts(toFactsDocument(dossier, timeZone));

function toTexts(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(toTexts) : [];
}

/** A list, not an object: a label must not become a key of ours. */
const toCounts = (labels: Readonly<Record<string, number>>) =>
  Object.entries(labels).slice(0, LABELS_MAX).map(([label, count]) => ({ label: toName(label), most_at_once: count })); // prettier-ignore

function toLabels({ event, tallies }: Dossier) {
  const tallyOf = new Map(tallies.map((tally) => [tally.label, tally]));
  return Object.entries(event.labels)
    .slice(0, LABELS_MAX)
    .map(([label, count]) => {
      const { detections, bestScore } = tallyOf.get(label) ?? {};
      const score = bestScore === undefined ? undefined : Math.round(bestScore * 100) / 100;
      return { label: toName(label), most_at_once: count, detections, best_detector_score: score };
    });
}

/** As in `Monday 2024-06-10 22:51:10`, on the camera's own clock. */
export function toLocalTime(ms: number, timeZone: string): string {
  const weekday = new Intl.DateTimeFormat('en-GB', { timeZone, weekday: 'long' }).format(ms);
  // Swedish writes dates as ISO 8601 does.
  return `${weekday} ${new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'medium' }).format(ms)}`;
}
