/** One round: files and faults together, then rest, then the account. */
import { setTimeout as sleep } from 'node:timers/promises';
import { checkClients, checkDatabase, type Finding, type Look } from './checker.ts';
import { faults, toLabel } from './faults.ts';
import { toBytes, toFate, toSha256 } from './files.ts';
import type { House } from './house.ts';
import type { Ledger } from './ledger.ts';
import type { FaultName, PlannedFault, PlannedFile, RoundPlan } from './plan.ts';
import { findUnrest } from './quiet.ts';
import { checkLogs, checkMedia, checkProcesses } from './residue.ts';
import { uploadAll, type Upload } from './uploads.ts';

/** A dropped hint is made good by the scan each minute. */
const REST_MS_MAX = 75_000;
const LOOK_MS = 200;

export interface RoundResult {
  readonly round: number;
  readonly faults: readonly FaultName[];
  readonly labels: readonly string[];
  readonly files: number;
  readonly findings: readonly Finding[];
  /** From the end of the last fault (and upload) until all was at rest. */
  readonly recoveryMs: number;
  readonly totalMs: number;
}

export async function runRound(house: House, ledger: Ledger, plan: RoundPlan): Promise<RoundResult> {
  const startedMs = performance.now();
  if (plan.isReal) await house.setReal(true);
  const uploads = await Promise.all(plan.files.map(async (file) => ({ file, bytes: await toBytes(file.content) })));
  const [failures] = await Promise.all([strikeAll(house, plan.faults), drop(house, ledger, plan.round, uploads)]);
  const endedMs = performance.now();
  const unrest = await rest(house, ledger, plan.round);
  const recoveryMs = performance.now() - endedMs;
  const look = { house, ledger, round: plan.round };
  const findings = [
    ...failures,
    ...unrest.map((what): Finding => ({ sort: 'lost', what: `no rest after ${REST_MS_MAX / 1_000} s: ${what}` })),
    ...(await checkAll(look)),
  ];
  if (plan.isReal) await house.setReal(false);
  const names = [...new Set(plan.faults.map(({ name }) => name))];
  const totalMs = performance.now() - startedMs;
  return { round: plan.round, faults: names, labels: plan.faults.map(toLabel), files: plan.files.length, findings, recoveryMs, totalMs }; // prettier-ignore
}

/** A check that cannot be made is a finding too, and no reason to end all rounds. */
async function checkAll(look: Look): Promise<readonly Finding[]> {
  const checks = [
    () => checkDatabase(look),
    () => checkClients(look),
    () => checkMedia(look, false),
    () => checkProcesses(look.house),
    () => checkLogs(look.house),
  ];
  const findings: Finding[] = [];
  for (const check of checks)
    try {
      findings.push(...(await check()));
    } catch (thrown) {
      findings.push({ sort: 'wrong', what: `a check failed: ${String(thrown)}` });
    }
  return findings;
}

async function drop(house: House, ledger: Ledger, round: number, uploads: readonly Upload[]): Promise<void> {
  const toKey = ({ file, bytes }: Upload) => [file.camera, toSha256(bytes)] as const;
  for (const upload of uploads) {
    const [camera, sha256] = toKey(upload);
    ledger.drop({ camera, sha256, fate: toFate(upload.file.content), name: nameOf(upload.file), round });
  }
  await uploadAll(house.inbox, uploads, (upload) => ledger.overwritten(...toKey(upload)));
}

const nameOf = ({ name, how, content }: PlannedFile): string => `${name} (${content.kind}, ${how})`;

/** Each at its time; those on the same target one after the other. Resolves when all are over, to what could not be done. */
async function strikeAll(house: House, planned: readonly PlannedFault[]): Promise<readonly Finding[]> {
  const lanes = new Map<string, Promise<void>>();
  const failures: Finding[] = [];
  const started = performance.now();
  for (const fault of planned) {
    const target = faults[fault.name].target(fault);
    const before = lanes.get(target) ?? Promise.resolve();
    const strike = async (): Promise<void> => {
      await sleep(Math.max(0, fault.atMs - (performance.now() - started)));
      await strikeOnce(house, fault);
    };
    const lane = before.then(strike).catch((thrown: unknown) => {
      failures.push({ sort: 'wrong', what: `${fault.name}: ${String(thrown)}` });
    });
    lanes.set(target, lane);
  }
  await Promise.all(lanes.values());
  return failures;
}

async function strikeOnce(house: House, fault: PlannedFault): Promise<void> {
  const { begin, end } = faults[fault.name];
  try {
    await begin(house, fault);
    await sleep(fault.forMs);
  } finally {
    await end(house, fault);
  }
}

/** Resolves when all is at rest, or to what is not, when the time is up. */
async function rest(house: House, ledger: Ledger, round: number): Promise<readonly string[]> {
  const untilMs = performance.now() + REST_MS_MAX;
  for (;;) {
    // As a service manager does. Whoever ended without being told to has complained of it.
    await Promise.all([...house.members.values()].map((member) => member.start()));
    const unrest = await findUnrest(house, ledger, round);
    if (unrest.length === 0 || performance.now() > untilMs) return unrest;
    await sleep(LOOK_MS);
  }
}
