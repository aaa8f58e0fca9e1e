/** What processes hold, as the kernel tells it (Linux). */
import { readdir, readFile, readlink } from 'node:fs/promises';

export interface ProcessFacts {
  readonly pid: number;
  readonly parent: number;
  readonly group: number;
  readonly state: string;
}

export async function listProcesses(): Promise<readonly ProcessFacts[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const facts = await Promise.all(pids.map((pid) => readProcess(Number(pid))));
  return facts.filter((one) => one !== undefined);
}

async function readProcess(pid: number): Promise<ProcessFacts | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ''); // it has ended meanwhile
  if (text === '') return undefined;
  // pid (name) state ppid pgrp ...: the name may hold anything, so what counts is behind its last bracket.
  const [state = '', parent, group] = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return { pid, parent: Number(parent), group: Number(group), state };
}

const KIBIBYTE = 1_024;

export async function readResidentBytes(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(text)?.[1] ?? 0) * KIBIBYTE;
}

/** What each open descriptor is, numbers left out: `socket`, `pipe`, a path. */
export async function readDescriptors(pid: number): Promise<readonly string[]> {
  const names = await readdir(`/proc/${pid}/fd`).catch(() => []);
  const links = await Promise.all(names.map((name) => readlink(`/proc/${pid}/fd/${name}`).catch(() => '')));
  return links.filter((link) => link !== '').map((link) => link.replace(/:\[\d+\]$/, ''));
}
