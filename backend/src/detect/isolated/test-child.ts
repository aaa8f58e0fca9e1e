/** An examining process that does what its picture says: for isolated-detector.real.test.ts. */
import { NightjarError } from '../../lib/errors.ts';
import type { Detector, EncodedImage, Found } from '../detector.ts';
import { serveIsolated } from './child.ts';

const object = { label: 'person', score: 0.9, bbox: { x: 1, y: 2, width: 3, height: 4 } };

async function examine({ bytes }: EncodedImage): Promise<Found> {
  const [order = '', value = ''] = Buffer.from(bytes).toString().split(' ');
  if (order === 'abort') process.abort();
  if (order === 'kill') process.kill(process.pid, value);
  if (order === 'exit') process.exit(Number(value));
  if (order === 'nonsense') process.send?.({ type: 'found', model: 'x', objects: [{ ...object, score: 7 }] });
  if (order === 'hang' || order === 'kill' || order === 'nonsense') return new Promise(() => undefined);
  if (order === 'bad') return new NightjarError('invalid', 'not a whole picture');
  if (order === 'fail') throw new NightjarError('unavailable', 'the server is away');
  return [{ ...object, label: `${process.pid}` }];
}

const detector: Detector<EncodedImage> = {
  name: 'test',
  model: 'test-model',
  batchMax: 1,
  runsMax: 1,
  prepare: (image) => Promise.resolve(image),
  detect: async (images) => Promise.all(images.map(examine)),
  health: () => ({ name: 'test', model: 'test-model', provider: 'cpu', state: 'ready', reason: null, backends: [] }),
  close: () => Promise.resolve(),
};

serveIsolated<'good' | 'refuse' | 'end' | 'hang'>((settings) => {
  if (settings === 'hang') return new Promise(() => undefined);
  if (settings === 'end') process.exit(3);
  if (settings === 'refuse') throw new NightjarError('invalid', 'there is no such model');
  return Promise.resolve([detector]);
});
