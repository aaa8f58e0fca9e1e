/**
 * Loaded into every process and thread of a Nightjar under test (NODE_OPTIONS=--import=...): two kinds of pictures take the
 * whole process with them, as a fault in native code does. One as it is decoded, by words in its file; one as the network
 * computes on it, by a magenta middle.
 */
import { isMainThread } from 'node:worker_threads';
import sharp from 'sharp';

const WORDS = 'POISON: kills whoever decodes it';

function die() {
  process.kill(process.pid, 'SIGSEGV');
  // The signal may take a moment, and this picture must have no result.
  for (;;);
}

/** @typedef {{ toBuffer(this: { options: { input: { buffer?: Uint8Array } } }, ...args: unknown[]): unknown }} Pictures */
/** @typedef {{ run(feeds: Record<string, Pixels>, ...rest: unknown[]): unknown }} Session */
/** @typedef {{ data: Uint8Array, dims: readonly number[] }} Pixels [batch, height, width, 3] */

const pictures = /** @type {Pictures} */ (/** @type {unknown} */ (sharp.prototype));
const { toBuffer } = pictures;
pictures.toBuffer = function (...args) {
  const { buffer } = this.options.input;
  if (buffer !== undefined && Buffer.from(buffer).includes(WORDS)) die();
  return toBuffer.apply(this, args);
};

if (!isMainThread) {
  const { default: ort } = await import('onnxruntime-node');
  const session = /** @type {Session} */ (/** @type {unknown} */ (ort.InferenceSession.prototype));
  const { run } = session;
  session.run = function (feeds, ...rest) {
    if (Object.values(feeds).some(hasMagentaMiddle)) die();
    return run.call(this, feeds, ...rest);
  };
}

/** @param {Pixels} pixels */
function hasMagentaMiddle({ data, dims: [batch = 0, height = 0, width = 0] }) {
  const middle = (Math.floor(height / 2) * width + Math.floor(width / 2)) * 3;
  return Array.from({ length: batch }, (_, index) => index * height * width * 3 + middle).some((at) => {
    const [red = 0, green = 0, blue = 0] = data.subarray(at, at + 3);
    return red > 240 && green < 15 && blue > 240;
  });
}
