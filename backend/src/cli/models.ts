import { readdir } from 'node:fs/promises';
import path from 'node:path';
import Table from 'cli-table3';
import { toMessage } from '../lib/errors.ts';
import { importBundledModel, readModel } from '../models/index.ts';

export async function importBundled(modelsDir: string, write: (line: string) => void): Promise<void> {
  const { onnxPath, built } = await importBundledModel({ modelsDir });
  write(`${built ? 'built' : 'already there'}: ${onnxPath}`);
}

export async function listModels(modelsDir: string, write: (line: string) => void): Promise<void> {
  const table = new Table({
    head: ['model', 'family', 'input', 'labels', 'licence', 'state'],
    style: { head: [], border: [] },
  });
  for (const entry of await readdir(modelsDir, { withFileTypes: true }))
    if (entry.isDirectory()) table.push(await toRow(path.join(modelsDir, entry.name), entry.name));
  write(table.toString());
}

async function toRow(dir: string, name: string): Promise<string[]> {
  try {
    const { card } = await readModel(dir);
    return [
      card.name,
      card.family,
      `${card.input.width}x${card.input.height}`,
      `${card.labels.length}`,
      card.licence,
      'ready',
    ];
  } catch (thrown) {
    return [name, '', '', '', '', toMessage(thrown)];
  }
}
