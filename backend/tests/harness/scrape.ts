/** What Prometheus reads from `/metrics`, and what its own checker says of it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** The samples of each family, by its name; one that is declared and has none yet is empty. */
export type Scrape = ReadonlyMap<string, readonly string[]>;

export async function scrape(url: string): Promise<{ readonly text: string; readonly families: Scrape }> {
  const response = await fetch(`${url}/metrics`);
  if (!response.ok) throw new Error(`/metrics answered ${response.status}`);
  const text = await response.text();
  return { text, families: toFamilies(text) };
}

function toFamilies(text: string): Scrape {
  const families = new Map<string, string[]>();
  let samples: string[] = [];
  for (const line of text.split('\n')) {
    const name = /^# TYPE (\S+) /.exec(line)?.[1];
    if (name !== undefined) families.set(name, (samples = []));
    else if (line !== '' && !line.startsWith('#')) samples.push(line);
  }
  return families;
}

/** The value of one series, as it is written; undefined when it is not there. */
export function valueOf(families: Scrape, series: string): number | undefined {
  const lines = [...families.values()].flat();
  const line = lines.find((one) => one.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length + 1));
}

/** Prometheus' own checker; resolves to its exit code and all it said. */
export async function runPromtool(args: readonly string[], input = ''): Promise<{ code: number; said: string }> {
  const child = spawn('promtool', [...args], { stdio: ['pipe', 'pipe', 'pipe'] });
  const failed = once(child, 'error').then(([error]: unknown[]) => {
    throw new Error('promtool could not be started: ./setup.sh --test fetches it', { cause: error });
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (piece: string) => {
      said += piece;
    });
  child.stdin.on('error', () => undefined); // it may end before it has read all
  child.stdin.end(input);
  const [code] = (await Promise.race([once(child, 'close'), failed])) as [number];
  return { code, said };
}
