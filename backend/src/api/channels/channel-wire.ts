/** Channels as they go out: of a secret only whether there is one. */
import { z } from '@hono/zod-openapi';
import { errorKinds, type ErrorKind } from '../../lib/errors.ts';
import { channelKinds, secretsOf, type ChannelKind } from '../../model/channel.ts';
import { deliveryStates, type DeliveryState } from '../../model/delivery.ts';
import { toTime } from '../../model/wire.ts';

const time = z.iso.datetime({ precision: 3 });
const error = z.object({ kind: z.enum(errorKinds), message: z.string() });

export const channelSchema = z
  .object({
    id: z.uuid(),
    name: z.string(),
    kind: z.enum(channelKinds),
    enabled: z.boolean(),
    settings: z.record(z.string(), z.unknown()).openapi({
      description: 'those of the kind; in the place of a secret `{"set":true}`, or false where there is none',
    }),
    created_at: time,
    last_delivered_at: time.nullable(),
    last_error: error.extend({ at: time }).nullable().openapi({
      description: 'null once something arrived after it; of MQTT also why the broker is away, until it is back',
    }),
  })
  .openapi('Channel');
export type ChannelWire = z.infer<typeof channelSchema>;

export const newChannelSchema = channelSchema
  .extend({
    secret: z.string().nullable().openapi({ description: 'of a webhook: what it signs with. Shown only now' }),
  })
  .openapi('NewChannel');

export interface ChannelRow {
  readonly id: string;
  readonly name: string;
  readonly kind: ChannelKind;
  readonly enabled: boolean;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly createdAt: Date;
}

export interface ChannelHealth {
  readonly lastDeliveredAt: Date | null;
  readonly lastError: { readonly at: Date; readonly kind: ErrorKind; readonly message: string } | null;
}

export const toChannelWire = (row: ChannelRow, health?: ChannelHealth): ChannelWire => ({
  id: row.id,
  name: row.name,
  kind: row.kind,
  enabled: row.enabled,
  settings: toOpenSettings(row),
  created_at: toTime(row.createdAt),
  last_delivered_at: health?.lastDeliveredAt ? toTime(health.lastDeliveredAt) : null,
  last_error: health?.lastError ? { ...health.lastError, at: toTime(health.lastError.at) } : null,
});

function toOpenSettings({ kind, settings }: ChannelRow): Record<string, unknown> {
  const secrets: readonly string[] = secretsOf[kind];
  return Object.fromEntries(
    Object.entries(settings).map(([field, value]) => [field, secrets.includes(field) ? toOpenSecret(value) : value]),
  );
}

/** Of several, each: a secret of before has a time that it still signs until. */
const toOpenSecret = (value: unknown): unknown =>
  Array.isArray(value) ? value.map(({ until }: { until: string }) => ({ set: true, until })) : { set: value !== null };

export const deliverySchema = z
  .object({
    id: z.uuid(),
    alert_id: z.uuid().nullable().openapi({ description: 'null for a test, and once the alert is gone' }),
    state: z.enum(deliveryStates),
    attempts: z.int().min(0),
    created_at: time,
    delivered_at: time.nullable(),
    next_attempt_at: time.nullable().openapi({ description: 'null unless it is pending' }),
    response: z.string().nullable().openapi({ description: 'what the other side said, in a line' }),
    error: error.nullable(),
  })
  .openapi('Delivery');
export type DeliveryWire = z.infer<typeof deliverySchema>;

export interface DeliveryRow {
  readonly id: string;
  readonly alertId: string | null;
  readonly state: DeliveryState;
  readonly attempts: number;
  readonly createdAt: Date;
  readonly deliveredAt: Date | null;
  readonly availableAt: Date;
  readonly response: string | null;
  readonly errorKind: string | null;
  readonly errorMessage: string | null;
}

export const toDeliveryWire = (row: DeliveryRow): DeliveryWire => ({
  id: row.id,
  alert_id: row.alertId,
  state: row.state,
  attempts: row.attempts,
  created_at: toTime(row.createdAt),
  delivered_at: row.deliveredAt && toTime(row.deliveredAt),
  next_attempt_at: row.state === 'pending' ? toTime(row.availableAt) : null,
  response: row.response,
  error: row.errorKind === null ? null : { kind: toKind(row.errorKind), message: row.errorMessage ?? '' },
});

/** A kind that another version wrote is shown as `internal`, not refused. */
export const toKind = (kind: string): ErrorKind => errorKinds.find((known) => known === kind) ?? 'internal';
