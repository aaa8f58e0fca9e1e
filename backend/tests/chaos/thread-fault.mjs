/**
 * Loaded into every thread of a detect process by `--import`. In the threads that compute it makes runs of the network
 * fail in the way that the file THREAD_FAULT_FILE names, for as long as there is such a file. JavaScript, for the built program
 * that loads it knows no other; the type-aware rules have no types to go by here.
 */
/* oxlint-disable typescript/no-unsafe-assignment, typescript/no-unsafe-call, typescript/no-unsafe-member-access, typescript/no-unsafe-argument, typescript/no-unsafe-return */
import { existsSync, readFileSync, renameSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';

const file = process.env.THREAD_FAULT_FILE;
const HANG_MS = 3_000;

if (!isMainThread && file) {
  const { default: ort } = await import('onnxruntime-node');
  const run = ort.InferenceSession.prototype.run;
  ort.InferenceSession.prototype.run = async function (...args) {
    if (existsSync(file)) strike(readFileSync(file, 'utf8').trim());
    return run.apply(this, args);
  };
}

function strike(how) {
  if (how === 'throw') throw new Error('the driver is lost (chaos)');
  if (how === 'exit') process.exit(7);
  if (how === 'hang') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, HANG_MS);
  if (how === 'abort') {
    // Once: a process that aborts at each start would never be up. The other file tells that it was us.
    renameSync(file, `${file}.aborted`);
    process.abort();
  }
}
