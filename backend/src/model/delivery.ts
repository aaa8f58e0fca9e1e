/** What is sent over channels, whole: a delivery can go out when its alert is long gone. */
import { z } from '@hono/zod-openapi';
import { alertSchema } from './alert-wire.ts';
import { time, uuid } from './wire-parts.ts';

export const deliveryStates = ['pending', 'leased', 'done', 'dead'] as const;
export type DeliveryState = (typeof deliveryStates)[number];

const links = z.object({ page: z.url(), event: z.url(), image: z.url() });

const alertMessage = z.object({
  type: z.literal('alert.created'),
  timestamp: time,
  data: z.object({
    alert: alertSchema,
    camera_name: z.string(),
    /** Null where PUBLIC_URL is not set. */
    links: links.nullable(),
  }),
});
const testMessage = z.object({
  type: z.literal('channel.test'),
  timestamp: time,
  data: z.object({ channel_id: uuid, channel_name: z.string() }),
});

/** In the form of Standard Webhooks: type, timestamp, data. */
export const deliveryMessageSchema = z.discriminatedUnion('type', [alertMessage, testMessage]);
/** Kept beside the message, never sent: of several recipients those who have it, though others have not. */
export const takenBySchema = z.object({ taken_by: z.array(z.string()).default([]) });
export type DeliveryMessage = z.infer<typeof deliveryMessageSchema>;
export type AlertMessage = z.infer<typeof alertMessage>;
export type Links = z.infer<typeof links>;
