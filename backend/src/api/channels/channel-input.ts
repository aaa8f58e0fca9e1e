/** Channels as they come in: the settings of each kind, checked; a change over what is stored. */
import { z } from '@hono/zod-openapi';
import { isPrintable } from '../../lib/printable.ts';
import { NightjarError } from '../../lib/errors.ts';
import { emailSettings, mqttSettings, ntfySettings, placeOf, secretsOf, settingsOf, webhookSettings, type ChannelKind } from '../../model/channel.ts'; // prettier-ignore
import { text } from '../route-parts.ts';

const NAME_CHARS_MAX = 100;
const name = text(1, NAME_CHARS_MAX)
  .refine((value) => value.trim() !== '', 'must not be blank')
  .refine(isPrintable, 'must not hold control characters, line breaks or marks that turn the reading direction');
const enabled = z.boolean();

const base = { name, enabled: enabled.default(true) };
export const channelCreateSchema = z
  .discriminatedUnion('kind', [
    z.strictObject({ ...base, kind: z.literal('webhook'), settings: webhookSettings }),
    z.strictObject({ ...base, kind: z.literal('email'), settings: emailSettings }),
    z.strictObject({ ...base, kind: z.literal('ntfy'), settings: ntfySettings }),
    z.strictObject({ ...base, kind: z.literal('mqtt'), settings: mqttSettings }),
  ])
  .openapi('ChannelCreate');

export const channelPatchSchema = z
  .strictObject({
    name: name.optional(),
    enabled: enabled.optional(),
    settings: z.record(z.string().max(50), z.unknown()).optional().openapi({
      description: 'those that change, in the form of the kind; what is left out stays, secrets included',
    }),
  })
  .refine((patch) => Object.keys(patch).length > 0, 'must change something')
  .openapi('ChannelPatch');

type Settings = Readonly<Record<string, unknown>>;

/**
 * What is stored, changed: whole, and as strict as new settings are. A secret goes to no other server than the one that it was
 * given for: who moves a channel gives it anew. Throws `invalid`.
 */
export function changeSettings(kind: ChannelKind, stored: Settings, patch: Settings): Settings {
  const schema: z.ZodType<Settings> = settingsOf[kind];
  const own = kind === 'webhook' ? ['secret', 'previous_secrets'] : [];
  const given = Object.fromEntries(Object.entries(stored).filter(([field]) => !own.includes(field)));
  const parsed = schema.safeParse({ ...given, ...patch });
  if (!parsed.success)
    throw toInvalid(parsed.error.issues.map(({ path, message }) => ({ path: ['body', 'settings', ...path].join('.'), message }))); // prettier-ignore
  assertSecretsStay(kind, { stored, changed: parsed.data, patch });
  return { ...stored, ...parsed.data };
}

function assertSecretsStay(
  kind: ChannelKind,
  { stored, changed, patch }: { readonly stored: Settings; readonly changed: Settings; readonly patch: Settings },
): void {
  const hasMoved = placeOf[kind].some((field) => changed[field] !== stored[field]);
  const kept = secretsOf[kind].filter((field) => changed[field] != null && !(field in patch));
  if (hasMoved && kept.length > 0)
    throw toInvalid(kept.map((field) => ({ path: `body.settings.${field}`, message: 'must be given anew for another server' }))); // prettier-ignore
}

const toInvalid = (faults: readonly { readonly path: string; readonly message: string }[]): NightjarError =>
  new NightjarError('invalid', faults.map(({ path, message }) => `${path}: ${message}`).join('; '), { faults });
