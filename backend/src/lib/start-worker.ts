import { Worker } from 'node:worker_threads';

/**
 * Starts a worker thread on a module of ours. Built, that is all there is to it; run from source (tests, `npm run
 * dev`) the thread first needs the TypeScript loader, which Node 20 does not hand down to worker threads.
 */
export function startWorker(moduleUrl: URL, workerData: unknown): Worker {
  if (!moduleUrl.pathname.endsWith('.ts')) return new Worker(moduleUrl, { workerData });
  const boot = `import('tsx/esm/api').then(({ register }) => { register(); return import(${JSON.stringify(moduleUrl.href)}); });`;
  return new Worker(boot, { eval: true, workerData });
}

/** The URL of a module beside the given one, with the same ending: `.ts` from source, `.js` when built. */
export function besideModule(moduleUrl: string, name: string): URL {
  return new URL(`${name}${moduleUrl.endsWith('.ts') ? '.ts' : '.js'}`, moduleUrl);
}
