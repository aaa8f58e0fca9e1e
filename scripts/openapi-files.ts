import openapiTypescript, { astToString, type OpenAPI3 } from 'openapi-typescript';
import { format, resolveConfig } from 'prettier';
import { describeApi } from '../backend/src/api/index.ts';

export const documentFile = new URL('../client/openapi.json', import.meta.url);
export const typesFile = new URL('../client/schema.ts', import.meta.url);

export const makeDocument = (): string => `${JSON.stringify(describeApi(), null, 2)}\n`;

/** TypeScript for everything in the document. */
export async function makeTypes(document: string): Promise<string> {
  const nodes = await openapiTypescript(JSON.parse(document) as OpenAPI3, {
    alphabetize: true,
    defaultNonNullable: false,
  });
  const text = `/** Made from openapi.json by \`npm run openapi\`: not for editing. */\n${astToString(nodes)}`;
  return format(text, { ...(await resolveConfig(typesFile)), parser: 'typescript' });
}
