/** A rule as it looks from outside: how it is shown, made and changed. */
import { z } from '@hono/zod-openapi';
import { timeZone } from '../../lib/env-values.ts';
import { isPrintable } from '../../lib/printable.ts';
import { weekdays, type Rule, type Schedule } from '../../model/alert.ts';
import { toScore } from '../../model/index.ts';
import { cameraIdSchema, toTime } from '../../model/wire.ts';
import { label, text } from '../route-parts.ts';

const NAME_CHARS_MAX = 100;
const LABELS_MAX = 100;
const CAMERAS_MAX = 500;
const ZONES_MAX = 500;
const CHANNELS_MAX = 20;
const WINDOWS_MAX = 20;
const TIME_ZONE_CHARS_MAX = 64;
/** A week. */
const COOLDOWN_S_MAX = 604_800;
/** An event that goes on beyond its longest duration becomes another: within a minute that is hardly news. */
const COOLDOWN_S_DEFAULT = 60;

const name = text(1, NAME_CHARS_MAX)
  .refine((value) => value.trim() !== '', 'must not be blank')
  .refine(isPrintable, 'must not hold control characters, line breaks or marks that turn the reading direction');

const setOf = <Item extends z.ZodType<string>>(item: Item, countMax: number, description: string) =>
  z
    .array(item)
    .max(countMax)
    .refine((items) => new Set(items).size === items.length, 'must not name anything twice')
    .openapi({ uniqueItems: true, description });

const timeOfDay = (description: string) =>
  z
    .string()
    .regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'must be a time of day such as 22:00 (midnight is 00:00)')
    .openapi({ description, example: '22:00' });

const scheduleSchema = z
  .strictObject({
    time_zone: timeZone
      .max(TIME_ZONE_CHARS_MAX)
      .regex(/^[A-Za-z]/, 'must be the name of a time zone such as Europe/Berlin'),
    windows: z
      .array(
        z.strictObject({
          days: setOf(z.enum(weekdays), weekdays.length, 'the days on which it begins').min(1),
          from: timeOfDay('included'),
          until: timeOfDay('not included; when it is not after `from`, it is that of the next day'),
        }),
      )
      .min(1)
      .max(WINDOWS_MAX),
  })
  .openapi('Schedule', {
    description: 'By what a clock in the time zone shows: what a change of clocks skips or repeats, is skipped or repeated.',
  }); // prettier-ignore

const fields = {
  name,
  enabled: z.boolean(),
  labels: setOf(label, LABELS_MAX, 'empty: all'),
  camera_ids: setOf(cameraIdSchema, CAMERAS_MAX, 'empty: all; one that is deleted stays here and matches nothing'),
  zone_ids: setOf(z.uuid(), ZONES_MAX, 'empty: anywhere. Zones of the kind `watch`, of these cameras, about one of these labels. One that is deleted, switched off or becomes an `ignore` zone stays here, and matches nothing (until it is switched on)'),
  score_min: z.number().min(0).max(1).openapi({ description: 'of one detection; six digits are kept' }),
  risk_min: z.int().min(0).max(100).openapi({ description: 'of the event' }),
  schedule: scheduleSchema.nullable().openapi({ description: 'null: at all times' }),
  cooldown_s: z
    .int()
    .min(0)
    .max(COOLDOWN_S_MAX)
    .openapi({ description: 'no further alert of this rule for the same camera within so many seconds of capture time' }),
  channel_ids: setOf(z.uuid(), CHANNELS_MAX, 'where its alerts go; one that is deleted stays here and gets nothing'),
}; // prettier-ignore

export const ruleSchema = z
  .object({ id: z.uuid(), ...fields, created_at: z.string().openapi({ format: 'date-time' }) })
  .openapi('Rule');
export type RuleWire = z.infer<typeof ruleSchema>;

const withDefaults = {
  ...fields,
  enabled: fields.enabled.default(true),
  labels: fields.labels.default([]),
  camera_ids: fields.camera_ids.default([]),
  zone_ids: fields.zone_ids.default([]),
  score_min: fields.score_min.default(0),
  risk_min: fields.risk_min.default(0),
  schedule: fields.schedule.default(null),
  cooldown_s: fields.cooldown_s.default(COOLDOWN_S_DEFAULT),
  channel_ids: fields.channel_ids.default([]),
};
export const ruleCreateSchema = z.strictObject(withDefaults).openapi('RuleCreate');
/** To be tried: it needs no name yet. */
export const ruleDraftSchema = z.strictObject({ ...withDefaults, name: name.default('Untitled') }).openapi('RuleDraft');
export const rulePatchSchema = z
  .strictObject(fields)
  .partial()
  .refine((patch) => Object.keys(patch).length > 0, 'must change something')
  .openapi('RulePatch');

export type RuleInput = z.infer<typeof ruleCreateSchema>;
export type RulePatch = z.infer<typeof rulePatchSchema>;

export const toRule = (input: RuleInput, { id, createdAt }: Pick<Rule, 'id' | 'createdAt'>): Rule => ({
  id,
  name: input.name,
  enabled: input.enabled,
  labels: input.labels,
  cameraIds: input.camera_ids,
  zoneIds: input.zone_ids,
  scoreMin: toScore(input.score_min),
  riskMin: input.risk_min,
  schedule: input.schedule && { timeZone: input.schedule.time_zone, windows: input.schedule.windows },
  cooldownS: input.cooldown_s,
  channelIds: input.channel_ids,
  createdAt,
});

export const toRuleInput = (rule: Rule): RuleInput => ({
  name: rule.name,
  enabled: rule.enabled,
  labels: [...rule.labels],
  camera_ids: [...rule.cameraIds],
  zone_ids: [...rule.zoneIds],
  score_min: rule.scoreMin,
  risk_min: rule.riskMin,
  schedule: rule.schedule && toScheduleWire(rule.schedule),
  cooldown_s: rule.cooldownS,
  channel_ids: [...rule.channelIds],
});

const toScheduleWire = ({ timeZone: time_zone, windows }: Schedule): RuleInput['schedule'] => ({
  time_zone,
  windows: windows.map(({ days, from, until }) => ({ days: [...days], from, until })),
});

export const toRuleWire = (rule: Rule): RuleWire => ({
  id: rule.id,
  ...toRuleInput(rule),
  created_at: toTime(rule.createdAt),
});
