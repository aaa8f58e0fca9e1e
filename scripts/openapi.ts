/** `npm run openapi`: writes the committed copy of the API's document, and the client's types made from it. */
import { writeFile } from 'node:fs/promises';
import { documentFile, makeDocument, makeTypes, typesFile } from './openapi-files.ts';

const document = makeDocument();
await writeFile(documentFile, document);
await writeFile(typesFile, await makeTypes(document));
