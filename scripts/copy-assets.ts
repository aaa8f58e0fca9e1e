/** Copies what the compiler leaves out of the build: the migrations. */
import { cp } from 'node:fs/promises';

await cp('backend/src/db/migrations', 'backend/dist/db/migrations', { recursive: true });
