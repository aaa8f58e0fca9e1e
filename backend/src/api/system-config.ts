import { z } from '@hono/zod-openapi';
import { route } from './access.ts';
import type { ApiOptions, SettingFacts } from './options.ts';
import { json, type ApiApp } from './route-parts.ts';

const source = z.enum(['default', 'environment', '.env', 'file', 'command']);
const settingSchema = z.union([
  z.object({ source, value: z.unknown() }),
  z.object({ source, set: z.boolean() }).openapi({ description: 'of a secret' }),
]);
export const settingsSchema = z.object({ settings: z.record(z.string(), settingSchema) }).openapi('Settings');

const config = route('admin', {
  method: 'get',
  path: '/api/system/config',
  tags: ['system'],
  description: 'The effective configuration of the process that answers; of secrets only whether they are set.',
  responses: { 200: json(settingsSchema, 'every name, its value and where that comes from') },
});

export function addSystemConfig(app: ApiApp, { settings }: Pick<ApiOptions, 'settings'>): void {
  app.openapi(config, (c) =>
    c.json({ settings: Object.fromEntries(settings.map((setting) => [setting.name, toWire(setting)])) }, 200),
  );
}

const toWire = ({ source: from, value, isSet }: SettingFacts): z.infer<typeof settingSchema> =>
  value === undefined ? { source: from, set: isSet } : { source: from, value };
