/** Channels: where alerts go. Settings are stored as the API takes them, with the secrets that it never gives back. */
import { isIP } from 'node:net';
import { z } from '@hono/zod-openapi';
import { isPrintable } from '../lib/printable.ts';

export const channelKinds = ['webhook', 'email', 'ntfy', 'mqtt'] as const;
export type ChannelKind = (typeof channelKinds)[number];

/** Notices of PostgreSQL: deliveries may be due; channels or their settings have changed. */
export const DELIVERIES_CHANNEL = 'nightjar_deliveries';
export const CHANNELS_CHANNEL = 'nightjar_channels';

const URL_CHARS_MAX = 2_000;
const SECRET_CHARS_MAX = 500;
const PEM_CHARS_MAX = 20_000;
const RECIPIENTS_MAX = 20;
const TOPIC_CHARS_MAX = 100;
/** Below it, HTTP has 80 and 443 only: other services there are not to be spoken to in HTTP. */
const FREE_PORT_MIN = 1_024;

const line = (charsMin: number, charsMax: number) =>
  z
    .string()
    .min(charsMin)
    .max(charsMax)
    .refine(isPrintable, 'must be one line without control characters or marks that turn the reading direction');

const optional = <Schema extends z.ZodType>(schema: Schema) => schema.nullable().default(null);
const secret = optional(line(1, SECRET_CHARS_MAX));
const authority = optional(
  z
    .string()
    .max(PEM_CHARS_MAX)
    .regex(/^\s*-----BEGIN CERTIFICATE-----[^\0]*-----END CERTIFICATE-----\s*$/, 'must be a certificate in PEM'),
).openapi({ description: 'PEM of the authority that signed the server, where that is not a public one' });

const isSaneUrl = (protocols: readonly string[], ports: readonly string[]) => (value: string) => {
  if (!URL.canParse(value)) return false;
  const { protocol, username, password, port, hostname } = new URL(value);
  const isPortSane = port === '' || ports.includes(port) || Number(port) >= FREE_PORT_MIN;
  return protocols.includes(protocol) && hostname !== '' && username === '' && password === '' && isPortSane;
};

const httpUrl = line(1, URL_CHARS_MAX).refine(
  isSaneUrl(['http:', 'https:'], ['80', '443']),
  `must be a URL that starts with http:// or https://, without user and password, port 80, 443 or ${FREE_PORT_MIN} and up`,
);
const ntfyServer = httpUrl.refine((value) => {
  if (!URL.canParse(value)) return false; // all checks are asked, also after one that failed
  const { pathname, search, hash } = new URL(value);
  return pathname === '/' && search === '' && hash === '';
}, 'must be the address of a server, without a path');
const mqttUrl = line(1, URL_CHARS_MAX)
  .refine(
    isSaneUrl(['mqtt:', 'mqtts:'], ['443']),
    `must be a URL that starts with mqtt:// or mqtts://, without user and password, port 443 or ${FREE_PORT_MIN} and up`,
  )
  .refine((value) => /^mqtts?:\/\/[^/?#]+\/?$/.test(value), 'must be the address of a broker, without a path');

const host = line(1, 253).refine(
  (value) => isIP(value) !== 0 || /^[a-z0-9]([a-z0-9._-]*[a-z0-9])?$/i.test(value),
  'must be the name or the address of a host',
);
const smtpPort = z
  .int()
  .max(65_535)
  .refine((port) => [25, 465, 587].includes(port) || port >= FREE_PORT_MIN, {
    message: `must be 25, 465, 587 or ${FREE_PORT_MIN} and up`,
  });
/** Levels of a topic that are no wildcards, and that a file name or an id can hold as well. */
const topic = line(1, TOPIC_CHARS_MAX).regex(
  /^[A-Za-z0-9_-]+(\/[A-Za-z0-9_-]+){0,4}$/,
  'must be up to five levels of letters, digits, _ and -',
);

interface Login {
  readonly user: string | null;
  readonly password: string | null;
}
const isWholeLogin = ({ user, password }: Login): boolean => (user === null) === (password === null);
const WHOLE_LOGIN = { path: ['password'], message: 'a user needs a password, and a password a user' };

export const webhookSettings = z.strictObject({ url: httpUrl, ca: authority }).openapi('WebhookSettings');
export const emailSettings = z
  .strictObject({
    host,
    port: smtpPort.default(587),
    encryption: z.enum(['starttls', 'tls', 'none']).default('starttls'),
    user: optional(line(1, 200)),
    password: secret,
    from: z.email().max(254),
    to: z.array(z.email().max(254)).min(1).max(RECIPIENTS_MAX),
    ca: authority,
  })
  .refine(isWholeLogin, WHOLE_LOGIN)
  .refine(({ encryption, password }) => encryption !== 'none' || password === null, {
    path: ['encryption'],
    message: 'a password is not sent without encryption',
  })
  .openapi('EmailSettings');
export const ntfySettings = z
  .strictObject({
    server: ntfyServer.default('https://ntfy.sh'),
    topic: z.string().regex(/^[-_A-Za-z0-9]{1,64}$/, 'must be up to 64 letters, digits, _ and -'),
    token: secret,
    user: optional(line(1, 200)),
    password: secret,
    ca: authority,
  })
  .refine(isWholeLogin, WHOLE_LOGIN)
  .refine(({ token, user }) => token === null || user === null, {
    path: ['token'],
    message: 'either a token, or user and password',
  })
  .openapi('NtfySettings');
export const mqttSettings = z
  .strictObject({
    url: mqttUrl,
    user: optional(line(1, 200)),
    password: secret,
    base_topic: topic.default('nightjar'),
    discovery_prefix: topic.default('homeassistant'),
    ca: authority,
  })
  .refine(isWholeLogin, WHOLE_LOGIN)
  .openapi('MqttSettings');

/** As the API takes them. */
export const settingsOf = {
  webhook: webhookSettings,
  email: emailSettings,
  ntfy: ntfySettings,
  mqtt: mqttSettings,
} as const satisfies Record<ChannelKind, z.ZodType>;

/**
 * A webhook's signing secrets are ours. Those of before still sign until their time is up, so that nothing is missed: each
 * of them, for of several rotations in a row the receiver may know the secret of any.
 */
export const webhookStored = z.object({
  ...webhookSettings.shape,
  secret: z.string(),
  previous_secrets: z.array(z.object({ secret: z.string(), until: z.iso.datetime() })),
});

export type WebhookStored = z.infer<typeof webhookStored>;
export type EmailSettings = z.infer<typeof emailSettings>;
export type NtfySettings = z.infer<typeof ntfySettings>;
export type MqttSettings = z.infer<typeof mqttSettings>;

/** By this, entities of one Nightjar are told from those of another at the same broker. */
export const toMqttNode = ({ base_topic: base }: Pick<MqttSettings, 'base_topic'>): string => base.replaceAll('/', '_');

/**
 * Whether two channels would overwrite each other's topics, and take each other's back. By the host alone: a broker mostly
 * listens on two ports, in the clear and encrypted.
 */
export const isSameMqttPlace = (a: MqttPlace, b: MqttPlace): boolean =>
  new URL(a.url).hostname.toLowerCase() === new URL(b.url).hostname.toLowerCase() && toMqttNode(a) === toMqttNode(b);
type MqttPlace = Pick<MqttSettings, 'url' | 'base_topic'>;

const channelBase = { id: z.uuid(), name: z.string() };

/** A row of `channels`, its settings whole. */
export const storedChannelSchema = z.discriminatedUnion('kind', [
  z.object({ ...channelBase, kind: z.literal('webhook'), settings: webhookStored }),
  z.object({ ...channelBase, kind: z.literal('email'), settings: emailSettings }),
  z.object({ ...channelBase, kind: z.literal('ntfy'), settings: ntfySettings }),
  z.object({ ...channelBase, kind: z.literal('mqtt'), settings: mqttSettings }),
]);
export type StoredChannel = z.infer<typeof storedChannelSchema>;

/** Where a kind's secrets would go: who changes this has to give them anew. */
export const placeOf = {
  webhook: [],
  email: ['host', 'port', 'encryption'],
  ntfy: ['server'],
  mqtt: ['url'],
} as const satisfies Record<ChannelKind, readonly string[]>;

export const secretsOf = {
  webhook: ['secret', 'previous_secrets'],
  email: ['password'],
  ntfy: ['token', 'password'],
  mqtt: ['password'],
} as const satisfies Record<ChannelKind, readonly string[]>;
