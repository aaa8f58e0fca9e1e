/** A collector of traces on a loopback port: takes OTLP over HTTP as JSON, strictly, and keeps the spans. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { z } from 'zod';

const hex = (digits: number) => z.string().regex(new RegExp(`^[0-9a-f]{${digits}}$`));
const nanos = z.union([z.string().regex(/^\d+$/), z.number()]).transform(Number);
const value = z
  .object({
    stringValue: z.string(),
    intValue: z.union([z.number(), z.string()]),
    doubleValue: z.number(),
    boolValue: z.boolean(),
    arrayValue: z.object({ values: z.array(z.unknown()) }),
  })
  .partial()
  .transform((given) => Object.values(given)[0]);
const attributes = z
  .array(z.object({ key: z.string(), value }))
  .transform((pairs) => Object.fromEntries(pairs.map((pair) => [pair.key, pair.value])));

const spanSchema = z.object({
  traceId: hex(32),
  spanId: hex(16),
  parentSpanId: hex(16).optional(),
  name: z.string(),
  startTimeUnixNano: nanos,
  endTimeUnixNano: nanos,
  attributes,
  status: z.object({ code: z.number() }),
});
const requestSchema = z.object({
  resourceSpans: z.array(
    z.object({
      resource: z.object({ attributes }),
      scopeSpans: z.array(z.object({ spans: z.array(spanSchema) })),
    }),
  ),
});

export type CollectedSpan = z.infer<typeof spanSchema> & { readonly resource: Readonly<Record<string, unknown>> };

export interface TraceCollector {
  /** For OTEL_EXPORTER_OTLP_ENDPOINT. */
  readonly url: string;
  readonly spans: readonly CollectedSpan[];
  /** Headers of the requests so far. */
  readonly headers: readonly Readonly<Record<string, unknown>>[];
  /** Requests that no collector would take, with the reason: a fault of ours. */
  readonly refused: readonly string[];
  /** From now on it takes requests and never answers. */
  hang(): void;
  close(): Promise<void>;
}

export async function startTraceCollector(): Promise<TraceCollector> {
  const spans: CollectedSpan[] = [];
  const headers: Record<string, unknown>[] = [];
  const refused: string[] = [];
  let hangs = false;

  function take(body: string): number {
    const parsed = requestSchema.safeParse(JSON.parse(body));
    if (!parsed.success) {
      refused.push(parsed.error.message);
      return 400;
    }
    for (const { resource, scopeSpans } of parsed.data.resourceSpans)
      for (const scope of scopeSpans) spans.push(...scope.spans.map((span) => ({ ...span, resource: resource.attributes }))); // prettier-ignore
    return 200;
  }

  const server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      headers.push(request.headers);
      if (hangs) return;
      const isOurs = request.method === 'POST' && request.url === '/v1/traces';
      response.writeHead(isOurs ? take(Buffer.concat(pieces).toString()) : 404, { 'content-type': 'application/json' });
      response.end('{}');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    headers,
    refused,
    hang: () => (hangs = true),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
