/** Execution providers as a user of the built program meets them, on a machine that has no GPU or has its GPUs hidden. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runCli } from './harness/nightjar.ts';
import { camerasDir } from './harness/pictures.ts';

/** A Vulkan driver that is not there: WebGPU is tried, and fails. */
const NO_DRIVER = { VK_ICD_FILENAMES: '/nowhere/icd.json', VK_DRIVER_FILES: '/nowhere/icd.json' };
const pictures = `${camerasDir}/Living Room`;

let cwd: string;
beforeEach(async () => {
  cwd = await mkdtemp(path.join(tmpdir(), 'nightjar-providers-'));
});
afterEach(() => rm(cwd, { recursive: true }));

describe.runIf(process.platform === 'linux' && process.arch === 'x64')('EXECUTION_PROVIDER', () => {
  it('auto takes the CPU where nothing else works, and says why once, in the log', async () => {
    const { code, stdout, stderr } = await runCli(['detect', '--json', pictures], { cwd, env: NO_DRIVER });
    expect(code).toBe(0);
    for (const line of stdout.trimEnd().split('\n')) expect(JSON.parse(line)).toHaveProperty('detections');
    expect(stderr.match(/Failed to get a WebGPU adapter/g)).toHaveLength(1);
    expect(stderr).toContain('computes on cpu');
  });

  it('one that was asked for and does not work is an error with its reason', async () => {
    const env = { ...NO_DRIVER, EXECUTION_PROVIDER: 'webgpu' };
    const { code, stdout, stderr } = await runCli(['detect', '--json', pictures], { cwd, env });
    expect(code).toBe(1);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/^nightjar: EXECUTION_PROVIDER=webgpu: Failed to get a WebGPU adapter.*auto/m);
  });

  it('doctor has a row for each, amiss only if it was asked for', async () => {
    const all = await runCli(['doctor'], { cwd, env: NO_DRIVER });
    expect(all.stdout).toMatch(/│ ok │ webgpu +│ not used: Failed to get a WebGPU adapter/);
    expect(all.stdout).toMatch(/│ ok │ cpu +│ in use: [\d.]+ ms a picture/);
    const named = await runCli(['doctor'], { cwd, env: { ...NO_DRIVER, EXECUTION_PROVIDER: 'webgpu' } });
    expect(named.stdout).toMatch(/│ !! │ webgpu /);
    expect(named.code).toBe(1);
  });
});

it('doctor --tune measures, suggests, and writes nothing', async () => {
  const { code, stdout } = await runCli(['doctor', '--tune', '12'], { cwd, env: NO_DRIVER });
  expect(code).toBe(0);
  expect(stdout).toMatch(/│ cpu, 1 worker\(s\) x 1 thread\(s\), batch 1 +│ +\d+\.\d │ +\d+\.\d │ +\d+ MB │/);
  expect(stdout).toMatch(/│ decoding 1080p JPEGs, 4 in flight +│ +\d+\.\d │/);
  expect(stdout).toMatch(/│ cuda +│ +n\/a │|│ cuda, batch/);
  expect(stdout).toMatch(/^ {2}EXECUTION_PROVIDER=\w+\n( {2}DETECT_\w+=\d+\n)+/m);
});
