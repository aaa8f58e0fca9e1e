/** What every operation of the document says in the same way: its name, the role it needs, and how it fails. */
import type { ApiDocument } from './openapi.ts';

type PathItemObject = NonNullable<ApiDocument['paths']>[string];
type OperationObject = NonNullable<PathItemObject['get']>;

const methods = ['get', 'post', 'put', 'patch', 'delete'] as const;
type Method = (typeof methods)[number];

const failure = {
  description: 'what went wrong, for people and programs',
  content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
};

export function describeOperations(document: ApiDocument): ApiDocument {
  const paths = Object.entries(document.paths ?? {}).map(([path, item]) => [path, describePath(path, item)] as const);
  return { ...document, paths: Object.fromEntries(paths) };
}

function describePath(path: string, item: PathItemObject): PathItemObject {
  const described = methods.flatMap((method) => {
    const operation = item[method];
    return operation === undefined ? [] : [[method, describeOperation(operation, method, path)] as const];
  });
  return { ...item, ...Object.fromEntries(described) };
}

const describeOperation = (operation: OperationObject, method: Method, path: string): OperationObject => ({
  ...operation,
  operationId: toOperationId(method, path),
  description: [operation.description, toRoleSentence(operation)].filter(Boolean).join('\n\n'),
  responses: { ...operation.responses, default: failure },
});

/** `GET /api/cameras/{id}/zones` is `getCamerasByIdZones`: unique because paths are. */
function toOperationId(method: Method, path: string): string {
  const words = path
    .replaceAll(/\{(\w+)\}/g, 'by/$1')
    .split(/[^a-zA-Z0-9]+/)
    .filter((word) => word !== '' && word !== 'api');
  return method + words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('');
}

/** OpenAPI has no field that every viewer shows for it. */
function toRoleSentence({ security = [] }: OperationObject): string {
  const [role] = security.flatMap((scheme) => Object.values(scheme).flat());
  if (role === undefined) return 'Needs no key.';
  return role === 'admin' ? 'Needs a key of the role `admin`.' : `Needs a key of the role \`${role}\` or \`admin\`.`;
}
