import { createApp } from './app.ts';
import { describe, type ApiDocument } from './openapi.ts';
import type { ApiOptions } from './options.ts';

/** Read while routes are mounted; none of it is in the document. */
const limits = { detector: { imageBytesMax: 1, picturesAtOnceMax: 1 }, corsOrigins: [] };

/** The document without an API that runs: routes are mounted, never called. */
export function describeApi(): ApiDocument {
  const options = new Proxy(limits, { get: (given, name): unknown => Reflect.get(given, name) ?? {} });
  return describe(createApp(options as unknown as ApiOptions));
}
