/**
 * `npm run bench [-- NAME [ARGS...]]`: one benchmark, or all of them one after the other. Exit codes: 0 when every limit
 * holds, 1 when one is missed or a benchmark fails, 2 for a name that is not on the list.
 */
import os from 'node:os';
import { toMessage } from '../backend/src/lib/errors.ts';
import * as accuracy from './accuracy.ts';
import * as backlog from './backlog.ts';
import * as burst from './burst.ts';
import * as guests from './guests.ts';
import * as health from './health.ts';
import * as latency from './latency.ts';
import * as lists from './lists.ts';
import * as models from './models.ts';
import { say } from './report.ts';
import * as retention from './retention.ts';
import * as revocation from './revocation.ts';
import * as scale from './scale.ts';
import * as sockets from './sockets.ts';

interface Benchmark {
  run(args: readonly string[]): Promise<void>;
  /** An argument that only a person can give: without it the benchmark is left out of a run of all. */
  readonly needs?: string;
}

const benchmarks: Readonly<Record<string, Benchmark>> = {
  latency,
  lists,
  health,
  burst,
  guests,
  retention,
  backlog,
  scale,
  sockets,
  revocation,
  models: { run: models.run, needs: 'a folder with COCO instances.json and images/' },
  accuracy: { run: accuracy.run, needs: 'a folder with COCO instances.json and images/' },
};

function sayMachine(): void {
  const model = os.cpus()[0]?.model ?? 'unknown CPU';
  const gibibytes = (os.totalmem() / 2 ** 30).toFixed(0);
  const load = os.loadavg()[0]?.toFixed(2) ?? '-';
  say(`${model}, ${os.availableParallelism()} cores, ${gibibytes} GiB, ${os.type()} ${os.release()}, Node ${process.version}, load ${load}`); // prettier-ignore
}

/** Resolves to whether it ran and every limit held. */
async function runOne(name: string, benchmark: Benchmark, args: readonly string[]): Promise<boolean> {
  say(`\n${name}`);
  try {
    await benchmark.run(args);
    return true;
  } catch (thrown) {
    say(`${name} failed: ${toMessage(thrown)}`);
    return false;
  }
}

async function runAll(): Promise<boolean> {
  let isGood = true;
  for (const [name, benchmark] of Object.entries(benchmarks))
    if (benchmark.needs) say(`\n${name}\nskipped: needs ${benchmark.needs} (npm run bench -- ${name} ...)`);
    else isGood = (await runOne(name, benchmark, [])) && isGood;
  return isGood;
}

async function main([name, ...args]: readonly string[]): Promise<number> {
  const benchmark = name === undefined ? undefined : benchmarks[name];
  if (name !== undefined && !benchmark) {
    say(`no benchmark ${name}; there are ${Object.keys(benchmarks).join(', ')}`);
    return 2;
  }
  sayMachine();
  return (name !== undefined && benchmark ? await runOne(name, benchmark, args) : await runAll()) ? 0 : 1;
}

process.exitCode = await main(process.argv.slice(2));
