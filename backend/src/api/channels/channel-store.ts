/** Rows of `channels`: each change with its entry in the audit, and a notice for those who keep connections. */
import type { Context } from 'hono';
import type { Tx } from '../../db/index.ts';
import { NightjarError } from '../../lib/errors.ts';
import { newId } from '../../lib/id.ts';
import { CHANNELS_CHANNEL } from '../../model/channel.ts';
import { recordChange, recordOwnChange } from '../audit-log.ts';
import type { ApiEnv } from '../route-parts.ts';
import { assertOwnTopics } from './mqtt-place.ts';
import { toChannelWire, type ChannelRow } from './channel-wire.ts';

export const CHANNELS_MAX = 100;

export async function insertChannel(
  tx: Tx,
  c: Context<ApiEnv>,
  { name, kind, enabled }: Pick<ChannelRow, 'name' | 'kind' | 'enabled'>,
  settings: ChannelRow['settings'],
): Promise<ChannelRow> {
  await lockChannels(tx);
  const id = newId();
  await assertOwnTopics(tx, { id, name, kind, enabled, settings });
  const [row] = await tx<ChannelRow[]>`
    insert into channels (id, name, kind, enabled, settings)
    select ${id}::uuid, ${name}, ${kind}, ${enabled}, ${JSON.stringify(settings)}::text::jsonb
    where (select count(*) from channels) < ${CHANNELS_MAX} returning *`;
  if (!row) throw new NightjarError('conflict', `there are ${CHANNELS_MAX} channels already`);
  await recordChange(tx, c, { action: 'channel.created', targetId: row.id, before: null, after: toChannelWire(row) });
  await tellChanged(tx);
  return row;
}

export async function changeChannel(
  tx: Tx,
  c: Context<ApiEnv>,
  id: string,
  { action, change }: { readonly action: string; readonly change: (row: ChannelRow) => ChannelRow },
): Promise<ChannelRow> {
  await lockChannels(tx);
  const [before] = await tx<ChannelRow[]>`select * from channels where id = ${id}`;
  const after = change(before ?? throwNoChannel());
  if (after.settings !== before?.settings) await assertOwnTopics(tx, after);
  await tx`
    update channels set name = ${after.name}, enabled = ${after.enabled}, settings = ${JSON.stringify(after.settings)}::text::jsonb
    where id = ${id}`;
  const told = { before: before ? toChannelWire(before) : null, after: toChannelWire(after) };
  await recordChange(tx, c, { action, targetId: id, ...told });
  await tellChanged(tx);
  return after;
}

/**
 * The other side wants no more of us: nobody of this house has asked for it, so the audit says who did. Resolves to false
 * where somebody has switched it off, or changed it since those settings were used: they may have put right what was wrong.
 */
export async function switchChannelOff(
  tx: Tx,
  { id, settings }: { readonly id: string; readonly settings: unknown },
): Promise<boolean> {
  const [row] = await tx<ChannelRow[]>`
    update channels set enabled = false
    where id = ${id} and enabled and settings = ${JSON.stringify(settings)}::text::jsonb returning *`;
  if (!row) return false;
  const after = toChannelWire(row);
  await recordOwnChange(tx, {
    action: 'channel.switched_off',
    targetId: id,
    before: { ...after, enabled: true },
    after,
  });
  await tellChanged(tx);
  return true;
}

export async function deleteChannel(tx: Tx, c: Context<ApiEnv>, id: string): Promise<void> {
  const [row] = await tx<ChannelRow[]>`delete from channels where id = ${id} returning *`;
  const before = toChannelWire(row ?? throwNoChannel());
  await recordChange(tx, c, { action: 'channel.deleted', targetId: id, before, after: null });
  await tellChanged(tx);
}

/** Against other changes of channels, so that what holds for all of them is judged once at a time; alerts are not held up. */
const lockChannels = async (tx: Tx): Promise<void> => void (await tx`lock table channels in share row exclusive mode`);

const tellChanged = async (tx: Tx): Promise<void> => void (await tx`select pg_notify(${CHANNELS_CHANNEL}, '')`);

export const throwNoChannel = (): never => {
  throw new NightjarError('not_found', 'there is no channel with this id');
};
