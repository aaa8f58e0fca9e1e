/** Many rounds in one house, and the last look at the end. */
import { checkDatabase, checkClients, type Finding } from './checker.ts';
import { openHouse, type House } from './house.ts';
import { createLedger, type Ledger } from './ledger.ts';
import { planRound, type FaultName } from './plan.ts';
import { ageUnfinished, checkLogs, checkMedia, checkProcesses, countUnfinished } from './residue.ts';
import { runRound, type RoundResult } from './round.ts';
import type { Telling } from './member-log.ts';

export interface CampaignOptions {
  readonly seed: number;
  readonly rounds: readonly number[];
  readonly files: { readonly min: number; readonly max: number };
  /** These faults and no others. */
  readonly only?: readonly FaultName[] | undefined;
  /** Where to keep the logs of the processes. */
  readonly logsDir?: string | undefined;
  readonly onRound?: (result: RoundResult) => void;
  /** Ends it after the round under way. */
  readonly signal?: AbortSignal;
  /** Called once everything runs; what it is given ends it all at once. */
  readonly onOpen?: (house: House) => void;
}

export interface CampaignResult {
  readonly available: readonly FaultName[];
  readonly results: readonly RoundResult[];
  /** Of the look at everything at the end. */
  readonly findings: readonly Finding[];
  readonly telling: Telling;
  /** Times that clients had to come back. */
  readonly reconnects: number;
  /** Half-written files that kills left in the media store; a later start removed them. */
  readonly unfinished: number;
  readonly messages: number;
}

export async function runCampaign(options: CampaignOptions): Promise<CampaignResult> {
  const house = await openHouse({ logsDir: options.logsDir });
  try {
    options.onOpen?.(house);
    return await runAll(house, options);
  } finally {
    await house.close();
  }
}

async function runAll(
  house: House,
  { seed, rounds, files, only, signal, onRound }: CampaignOptions,
): Promise<CampaignResult> {
  const ledger = createLedger();
  const available = house.available.filter((name) => only?.includes(name) ?? true);
  const results: RoundResult[] = [];
  for (const round of rounds) {
    if (signal?.aborted) break;
    const plan = planRound({ seed, round, available, files });
    const result = await runRound(house, ledger, plan);
    results.push(result);
    onRound?.(result);
  }
  const unfinished = await countUnfinished(house);
  const findings = await lookAtAll(house, ledger);
  return {
    available,
    results,
    findings,
    telling: addUp(house),
    reconnects: house.clients.reduce((sum, client) => sum + client.connects() - 1, 0),
    unfinished,
    messages: house.clients[0]?.lastSeq() ?? 0,
  };
}

/** All rounds together, to the bytes of each file; and that what kills left half-written goes in time. */
async function lookAtAll(house: House, ledger: Ledger): Promise<readonly Finding[]> {
  const look = { house, ledger, round: undefined };
  await ageUnfinished(house);
  const left = await countUnfinished(house);
  return [
    ...(await checkDatabase(look)),
    ...(await checkClients(look)),
    ...(await checkMedia(look, true)),
    ...(await checkProcesses(house)),
    ...checkLogs(house),
    ...(left === 0 ? [] : [{ sort: 'leak' as const, what: `${left} half-written files stay in the media store` }]),
  ];
}

function addUp({ members }: House): Telling {
  const all = [...members.values()].map(({ log }) => log.telling);
  return {
    lateResults: all.reduce((sum, { lateResults }) => sum + lateResults, 0),
    takenBack: all.reduce((sum, { takenBack }) => sum + takenBack, 0),
  };
}
