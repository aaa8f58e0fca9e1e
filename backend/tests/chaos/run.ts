/**
 * `npm run chaos -- --rounds 200 --seed 7`: the program in seven processes, every fault there is, and an account after
 * each round. `--round R` repeats one round of a seed, `--only a,b` takes these faults only,
 * `--json FILE` keeps the result, `--logs DIR` what the processes wrote. Needs Linux; root for the full
 * disk, libfaketime for the clocks: what cannot be had is left out, and said. Exit codes: 0 when nothing was found, 1
 * otherwise, 2 for wrong options.
 */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { toMessage } from '../../src/lib/errors.ts';
import type { Finding } from './checker.ts';
import { runCampaign, type CampaignResult } from './campaign.ts';
import type { House } from './house.ts';
import { faultNames } from './plan.ts';
import { summarise, toLine, toTable } from './report.ts';

const ROUNDS_DEFAULT = 200;
const FILES = { min: 30, max: 60 };
const FINDINGS_SAID_MAX = 10;
const FINDING_CHARS_MAX = 400;

const say = (text: string): void => void process.stdout.write(`${text}\n`);

function readOptions() {
  const { values } = parseArgs({
    // npm hands over the `--` that stands before our options.
    args: process.argv.slice(2).filter((arg) => arg !== '--'),
    options: {
      rounds: { type: 'string', default: `${ROUNDS_DEFAULT}` },
      seed: { type: 'string' },
      round: { type: 'string' },
      only: { type: 'string' },
      logs: { type: 'string' },
      json: { type: 'string' },
    },
  });
  const whole = (name: string, text: string): number => {
    if (!/^\d{1,9}$/.test(text)) throw new Error(`--${name} must be a whole number`);
    return Number(text);
  };
  const seed = values.seed === undefined ? Date.now() % 1_000_000 : whole('seed', values.seed);
  const one = values.round === undefined ? undefined : whole('round', values.round);
  const rounds = one === undefined ? Array.from({ length: whole('rounds', values.rounds) }, (_, i) => i + 1) : [one];
  const only = values.only?.split(',').map((name) => {
    const found = faultNames.find((known) => known === name);
    if (!found) throw new Error(`no fault ${name}; there are ${faultNames.join(', ')}`);
    return found;
  });
  return { seed, rounds, only, json: values.json, logsDir: values.logs && path.resolve(values.logs) };
}

/** All of them are in the JSON. */
function sayFindings(indent: string, findings: readonly Finding[]): void {
  for (const { sort, what } of findings.slice(0, FINDINGS_SAID_MAX)) say(`${indent}${sort}: ${what.slice(0, FINDING_CHARS_MAX)}`); // prettier-ignore
  if (findings.length > FINDINGS_SAID_MAX) say(`${indent}and ${findings.length - FINDINGS_SAID_MAX} more`);
}

function sayResult(result: CampaignResult): number {
  const { results, available, findings, telling, reconnects, unfinished, messages } = result;
  const all = [...results.flatMap((one) => one.findings), ...findings];
  say(toTable(summarise(results, available)));
  const missing = faultNames.filter((name) => !available.includes(name));
  if (missing.length > 0) say(`left out, or not to be had on this machine: ${missing.join(', ')}`);
  say(`${messages} messages to each of two clients, which came back ${reconnects} times; frames taken back from the dead or silent: ${telling.takenBack} times; late results refused: ${telling.lateResults}; half-written files left by kills, and removed: ${unfinished}`); // prettier-ignore
  sayFindings('at the end: ', findings);
  say(all.length === 0 ? 'nothing lost, nothing doubled, no gap' : `${all.length} finding(s)`);
  return all.length === 0 ? 0 : 1;
}

/** The first signal ends it after the round under way, with the account; the second at once. */
function onSignal(house: House, stop: AbortController): void {
  if (!stop.signal.aborted) {
    stop.abort();
    say('ending after this round; once more ends at once');
    return;
  }
  void end(house, 'at once', 130);
}

async function end(house: House, why: string, exitCode: number): Promise<void> {
  say(`ending, everything is taken down: ${why}`);
  await house.close().finally(() => process.exit(exitCode));
}

async function main(): Promise<number> {
  let options;
  try {
    options = readOptions();
  } catch (thrown) {
    say(toMessage(thrown));
    return 2;
  }
  const { seed, rounds, only, json, logsDir } = options;
  say(`chaos: seed ${seed}, ${rounds.length} round(s)`);
  const stop = new AbortController();
  const result = await runCampaign({
    signal: stop.signal,
    seed,
    rounds,
    only,
    logsDir,
    files: FILES,
    onOpen(house) {
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => onSignal(house, stop));
      // A fault of the suite itself must leave nothing behind either.
      process.on('uncaughtException', (error) => void end(house, toMessage(error), 1));
    },
    onRound(one) {
      say(toLine(one));
      sayFindings('  ', one.findings);
    },
  });
  if (json !== undefined) writeFileSync(json, `${JSON.stringify({ seed, ...result, summary: summarise(result.results, result.available) }, null, 2)}\n`); // prettier-ignore
  return sayResult(result);
}

process.exitCode = await main();
