import { readdir } from 'node:fs/promises';
import path from 'node:path';
import Table from 'cli-table3';
import { errorCode, toMessage } from '../lib/errors.ts';
import { readModel } from '../models/index.ts';

/** All models of the given folders. One that cannot be read is listed with the reason. */
export async function listModels(modelsDirs: readonly string[], write: (line: string) => void): Promise<void> {
  const table = new Table({
    head: ['model', 'family', 'input', 'labels', 'batch', 'licence', 'state'],
    style: { head: [], border: [] },
  });
  for (const dir of modelsDirs)
    for (const name of await listFolders(dir)) table.push(await toRow(path.join(dir, name), name));
  write(table.toString());
}

async function listFolders(dir: string): Promise<string[]> {
  try {
    const entries = await readdir(dir, { withFileTypes: true });
    // Downloads and drafts begin with a dot, as no model does.
    return entries
      .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
      .map(({ name }) => name)
      .sort();
  } catch (cause) {
    if (errorCode(cause) === 'ENOENT') return []; // nothing was imported yet
    throw cause;
  }
}

async function toRow(dir: string, name: string): Promise<string[]> {
  try {
    const { card } = await readModel(dir);
    const batch = Math.max(...Object.values(card.batch_max)) > 1 ? 'free' : '1';
    const input = `${card.input.width}x${card.input.height}`;
    return [card.name, card.family, input, `${card.labels.length}`, batch, card.licence, 'ready'];
  } catch (thrown) {
    return [name, '', '', '', '', '', toMessage(thrown)];
  }
}
