import { readFile } from 'node:fs/promises';
import { Validator } from '@seriousme/openapi-schema-validator';
import { describe, expect, it } from 'vitest';
import { documentFile, makeDocument, makeTypes, typesFile } from '../../../scripts/openapi-files.ts';
import { describeApi } from './describe-api.ts';

const STALE = 'is stale: run `npm run openapi` and commit what it writes';
const document = describeApi();
const operations = Object.entries(document.paths ?? {}).flatMap(([path, item]) =>
  (['get', 'post', 'put', 'patch', 'delete'] as const).flatMap((method) => {
    const operation = item[method];
    return operation === undefined ? [] : [{ name: `${method.toUpperCase()} ${path}`, operation }];
  }),
);

describe('the document of the API', () => {
  it('is valid OpenAPI 3.1', async () => {
    const result = await new Validator().validate(JSON.parse(makeDocument()) as Record<string, unknown>);
    expect(result.errors).toBeUndefined();
    expect(result.valid).toBe(true);
  });

  it('is committed as it is, and so are the types made from it', async () => {
    const made = makeDocument();
    expect((await readFile(documentFile, 'utf8')) === made, `client/openapi.json ${STALE}`).toBe(true);
    expect((await readFile(typesFile, 'utf8')) === (await makeTypes(made)), `client/schema.ts ${STALE}`).toBe(true);
  });

  it.each(operations)('$name states its role, its tag and how it fails', ({ operation }) => {
    const roles = (operation.security ?? []).flatMap((scheme) => Object.values(scheme).flat());
    expect(operation.description).toMatch(roles.length === 0 ? /Needs no key\.$/ : new RegExp(`role \`${roles[0]}\``));
    expect(operation.tags).toHaveLength(1);
    expect(operation.responses?.['default']).toBeDefined();
  });

  it('has no pattern that only JavaScript would read', () => {
    const patterns = [...makeDocument().matchAll(/"pattern": "(.*)"/g)].map(([, pattern = '']) => pattern);
    expect(patterns.length).toBeGreaterThan(5);
    expect(patterns.filter((pattern) => /[^\\]\/[a-z]*$|\\\\p\{/.test(pattern))).toEqual([]);
  });

  it('lets whoever creates something say it twice', () => {
    const creating = operations.filter(({ operation }) => operation.responses?.['201'] !== undefined);
    expect(creating.length).toBeGreaterThan(4);
    for (const { name, operation } of creating)
      expect([name, operation.parameters]).toEqual([name, expect.arrayContaining([expect.objectContaining({ name: 'idempotency-key', in: 'header' })])]); // prettier-ignore
  });

  it('names every operation once', () => {
    const ids = operations.map(({ operation }) => operation.operationId);
    expect(new Set(ids).size).toBe(ids.length);
  });
});
