/** The rules that alerts are made by: whoever makes alerts needs them to stay until it has committed. */
import type { Rule } from '../model/alert.ts';
import type { Tx } from './index.ts';

/** Key of an advisory lock: shared by all who make alerts, alone by whoever adds or deletes a rule. */
const RULES_LOCK = 0x4e4a75;

/**
 * The enabled rules; none of them is deleted before this transaction has ended. Deleting a rule touches the rule first and
 * its alerts then, making alerts the other way round: without the lock they could wait for each other for ever, and an
 * alert could name a rule that has just gone, which would fail the frame that it is about.
 *
 * To be taken after the locks of cameras and events, and before those of alerts. One round trip: the driver sends both.
 */
export async function holdRules(tx: Tx): Promise<readonly Rule[]> {
  const [, rules] = await Promise.all([
    tx`select pg_advisory_xact_lock_shared(${RULES_LOCK})`,
    tx<Rule[]>`select * from rules where enabled order by created_at, id`,
  ]);
  return rules;
}

/** Waits for all who hold the rules; nobody holds them anew until this transaction has ended. To be its first statement. */
export const lockRules = async (tx: Tx): Promise<void> => void (await tx`select pg_advisory_xact_lock(${RULES_LOCK})`);
