import { afterEach, expect, it } from 'vitest';
import { createCleanups } from '../../tests/harness/cleanups.ts';
import { createTestDatabase } from '../../tests/harness/database.ts';
import type { Config } from '../config.ts';
import { checkChannels } from './doctor-channels.ts';

const cleanups = createCleanups();
afterEach(cleanups.run);

const check = (databaseUrl: string | undefined) => checkChannels({ databaseUrl } as Config);

it('says of each channel what waits, what was given up, and why', async () => {
  const db = await createTestDatabase();
  cleanups.add(() => db.close());
  const { target } = db;
  const url =
    'url' in target ? target.url : `postgres://nightjar@localhost/${target.database}?host=${target.socketDir}`;
  await db.query((sql) => sql`
    insert into channels (id, name, kind, enabled, settings)
    select gen_random_uuid(), name, 'ntfy', name <> 'off', '{}' from unnest(array['mail', 'off', 'phone']) as name`); // prettier-ignore
  expect(await check(url)).toMatchObject([{ ok: true, detail: '"mail": 0 waiting, 0 given up since yesterday' }, { ok: true }]); // prettier-ignore
  await db.query((sql) => sql`
    insert into deliveries (id, channel_id, payload, state, created_at, error_kind, error_message)
    select gen_random_uuid(), channels.id, '{}', state, now() - age * interval '1 h', 'unavailable', 'failed ' || age || ' h ago'
    from channels, (values ('dead', 1), ('dead', 30), ('pending', 2)) as made(state, age) where name = 'phone'`); // prettier-ignore
  expect(await check(url)).toMatchObject([
    { ok: true },
    { ok: false, detail: '"phone": 1 waiting, 1 given up since yesterday; last error: failed 1 h ago' },
  ]);
});

it('says nothing of channels where the database cannot be asked', async () => {
  expect(await check(undefined)).toEqual([]);
  expect(await check('postgres://127.0.0.1:9/none')).toEqual([]);
});
