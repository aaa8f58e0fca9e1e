import sharp from 'sharp';
import { createDecoder } from '../detect/index.ts';
import { percentile } from '../lib/latency.ts';

const PICTURE = { width: 1_920, height: 1_080 };
const IN_FLIGHT = [1, 2, 4];
const EACH_MS = 800;
/** Noise of this size, made larger, compresses to about what a camera's picture does. */
const GRAIN = 6;

export interface DecodeRate {
  /** Pictures decoded at once. */
  readonly inFlight: number;
  readonly perSecond: number;
  readonly p50Ms: number;
}

/** How fast 1080p JPEGs are decoded to the model's input, several at once. */
export async function measureDecoding(
  input: Parameters<typeof createDecoder>[0]['input'],
  imagePixelsMax: number,
): Promise<readonly DecodeRate[]> {
  const decode = createDecoder({ input, imagePixelsMax });
  const picture = { bytes: await makePicture(), ...PICTURE };
  await decode(picture);
  const rates: DecodeRate[] = [];
  for (const inFlight of IN_FLIGHT) rates.push(await measureRate(() => decode(picture), inFlight));
  return rates;
}

async function measureRate(decode: () => Promise<unknown>, inFlight: number): Promise<DecodeRate> {
  const startedMs = performance.now();
  const durationsMs: number[] = [];
  const lane = async (): Promise<void> => {
    while (performance.now() - startedMs < EACH_MS) {
      const fromMs = performance.now();
      await decode();
      durationsMs.push(performance.now() - fromMs);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, lane));
  const perSecond = (1_000 * durationsMs.length) / (performance.now() - startedMs);
  return {
    inFlight,
    perSecond,
    p50Ms:
      percentile(
        durationsMs.sort((one, other) => one - other),
        0.5,
      ) ?? 0,
  };
}

async function makePicture(): Promise<Uint8Array> {
  const grain = { width: PICTURE.width / GRAIN, height: PICTURE.height / GRAIN };
  const noise = { create: { ...grain, channels: 3, background: 'black', noise: { type: 'gaussian', mean: 128, sigma: 40 } } } as const; // prettier-ignore
  return sharp(await sharp(noise).png().toBuffer())
    .resize(PICTURE)
    .jpeg({ quality: 90 })
    .toBuffer();
}
