/** `npm run check`: format, lint, types and unit tests, side by side; what failed is printed whole. */
import { spawn } from 'node:child_process';

const checks = {
  format: 'prettier --check --cache --cache-location node_modules/.cache/prettier.json --log-level warn .',
  lint: 'oxlint --type-aware --deny-warnings',
  types: 'npm run --silent types',
  unit: 'vitest run --project unit',
};

async function run(name: string, command: string): Promise<boolean> {
  const startedMs = Date.now();
  const child = spawn(command, { shell: true, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  const code = await new Promise((resolve) => child.on('close', resolve));
  const seconds = ((Date.now() - startedMs) / 1_000).toFixed(1);
  process.stdout.write(
    `${code === 0 ? '' : `${output}\n`}${name.padEnd(8)}${code === 0 ? 'ok' : 'FAILED'}  ${seconds} s\n`,
  );
  return code === 0;
}

const results = await Promise.all(Object.entries(checks).map(([name, command]) => run(name, command)));
process.exitCode = results.every(Boolean) ? 0 : 1;
