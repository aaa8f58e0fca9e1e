import { fork, type ChildProcess, type ForkOptions } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';

/**
 * Starts a process on a module of ours. From source it needs the TypeScript loader, found from here, for the working
 * folder may be anywhere; none of our own flags (a debugger's port) are for it.
 */
export function startChild(moduleUrl: URL, args: readonly string[], options: ForkOptions): ChildProcess {
  const loader = (): string => pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
  const execArgv = moduleUrl.pathname.endsWith('.ts') ? ['--import', loader()] : [];
  return fork(fileURLToPath(moduleUrl), args, { ...options, execArgv });
}
