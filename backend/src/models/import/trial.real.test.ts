import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { createGraphBuilder } from '../onnx/onnx-graph.ts';
import { encodeOnnx, onnxTypes } from '../onnx/onnx-proto.ts';
import { turnForEver } from '../test-graphs.ts';
import type { TrialTask } from './trial-message.ts';

/** Hundredths of a second of a processor: more than starting and loading can take, so that it must be computing. */
const TICKS_OF_START = 300;

test.runIf(process.platform === 'linux')(
  'the process of a trial ends with whoever started it, though its network never ends',
  async () => {
    const dir = await mkdtemp(join(tmpdir(), 'nightjar-trial-'));
    onTestFinished(() => rm(dir, { recursive: true }));
    const onnxPath = join(dir, 'endless.onnx');
    await writeFile(onnxPath, buildEndless());
    const program = fileURLToPath(new URL('trial-process.ts', import.meta.url));
    const loader = createRequire(import.meta.url).resolve('tsx');
    const child = fork(program, { execArgv: ['--import', loader], serialization: 'advanced' });
    onTestFinished(() => void child.kill('SIGKILL'));
    const exited = once(child, 'exit');
    const task: TrialTask = { onnxPath, input: { name: 'images', width: 4, height: 2 }, runs: [[1]] };
    child.send(task);
    await expect.poll(() => readCpuTicks(child.pid), { timeout: 30_000 }).toBeGreaterThan(TICKS_OF_START);
    child.disconnect();
    expect(await exited).toEqual([null, 'SIGKILL']);
  },
);

/** In user mode; the fields before it are the number, the name, and 11 more. */
async function readCpuTicks(pid: number | undefined): Promise<number> {
  const [, fields = ''] = (await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ');
  return Number(fields.split(' ')[11]);
}

function buildEndless(): Uint8Array {
  const onnx = createGraphBuilder('endless');
  const shape = [1, 2, 4, 3];
  const floats = onnx.node('Cast', [onnx.input('images', 'uint8', shape)], { to: onnxTypes.float32 });
  onnx.output(turnForEver(onnx, floats, shape), 'float32', shape);
  return encodeOnnx(onnx.build());
}
