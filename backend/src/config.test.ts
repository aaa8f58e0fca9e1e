import { describe, expect, it } from 'vitest';
import { NightjarError } from './lib/errors.ts';
import { parseConfig } from './config.ts';

const surroundings = { cwd: '/srv/nightjar', systemTimeZone: 'Europe/Berlin', terminal: false };
const KEY = 'k'.repeat(32);
const parse = (env: Record<string, string>) => parseConfig({ ADMIN_API_KEY: KEY, ...env }, surroundings);

function faultsOf(env: Record<string, string>): readonly { path: string; message: string }[] {
  try {
    parse(env);
    return [];
  } catch (thrown) {
    if (thrown instanceof NightjarError && thrown.kind === 'invalid') return thrown.faults;
    throw thrown;
  }
}

describe('configuration', () => {
  it('has the defaults of the contract', () => {
    expect(parse({})).toMatchObject({
      host: '127.0.0.1',
      port: 8000,
      roles: new Set(['api', 'ingest', 'detect', 'analyze']),
      dataDir: '/srv/nightjar/data',
      inbox: '/srv/nightjar/data/inbox',
      timeZone: 'Europe/Berlin',
      ingestMode: 'move',
      settleMs: 2_000,
      imageBytesMax: 50 * 1024 * 1024,
      imagePixelsMax: 100_000_000,
      attemptsMax: 5,
      leaseMs: 60_000,
      eventIdleMs: 30_000,
      eventWindowMs: 90_000,
      stationaryMs: 60_000,
      riskBands: { lowMax: 29, mediumMax: 59, highMax: 84 },
      log: { level: 'info', format: 'json' },
    });
    expect([...(parse({}).labels as Set<string>)]).toContain('person');
  });

  it('takes 0 for never where something can be too old or too still', () => {
    expect(parse({ STATIONARY_S: '0', RETENTION_DAYS: '0' })).toMatchObject({ stationaryMs: undefined, retentionMs: undefined }); // prettier-ignore
    expect(parse({ STATIONARY_S: '300' }).stationaryMs).toBe(300_000);
  });

  it('copies from a folder that the user named, unless told to move', () => {
    expect(parse({ CAMERA_ROOT: '/mnt/cams' })).toMatchObject({ inbox: '/mnt/cams', ingestMode: 'copy' });
    expect(parse({ CAMERA_ROOT: '/mnt/cams', INGEST_MODE: 'move' }).ingestMode).toBe('move');
  });

  it.each([
    ['50 MB', 52_428_800],
    ['1.5GiB', 1_610_612_736],
    ['1000', 1_000],
    ['2k', 2_048],
  ])('reads the size %s', (text, bytes) => expect(parse({ IMAGE_BYTES_MAX: text }).imageBytesMax).toBe(bytes));

  it('has no traces unless a collector is named, and reads its headers', () => {
    expect(parse({}).traces).toEqual({ endpoint: undefined, headers: {}, serviceName: 'nightjar', share: 1 });
    const headers = 'Authorization=Bearer%20abc==, x-tenant=house';
    expect(parse({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://tempo:4318', OTEL_EXPORTER_OTLP_HEADERS: headers }).traces).toMatchObject({
      endpoint: 'http://tempo:4318',
      headers: { Authorization: 'Bearer abc==', 'x-tenant': 'house' },
    }); // prettier-ignore
    for (const wrong of ['nonsense', 'a=b,', 'a=%zz'])
      expect(faultsOf({ OTEL_EXPORTER_OTLP_HEADERS: wrong }).map(({ path }) => path)).toEqual(['OTEL_EXPORTER_OTLP_HEADERS']); // prettier-ignore
  });

  it('reads pixels, lists and flags', () => {
    expect(parse({ IMAGE_PIXELS_MAX: '12.5 MP' }).imagePixelsMax).toBe(12_500_000);
    expect(parse({ DETECT_LABELS: 'all' }).labels).toBe('all');
    expect(parse({ ROLES: 'api, ingest' }).roles).toEqual(new Set(['api', 'ingest']));
    expect(parse({ WATCH_POLLING: 'true' }).watchPolling).toBe(true);
  });

  it('reports every fault at once', () => {
    const faults = faultsOf({
      PORT: '99999',
      SETTLE_MS: 'soon',
      CAMERA_TZ: 'Mars/Olympus',
      ROLES: 'api,cook',
      REDIS_URL: 'http://x',
    });
    expect(faults.map(({ path }) => path).sort()).toEqual(['CAMERA_TZ', 'PORT', 'REDIS_URL', 'ROLES', 'SETTLE_MS']);
  });

  it('refuses bands that overlap and a window shorter than the idle time', () => {
    expect(faultsOf({ RISK_LOW_MAX: '60' })).toHaveLength(1);
    expect(faultsOf({ EVENT_WINDOW_S: '10' })).toHaveLength(1);
  });

  it('refuses a time limit that fetch would cut short', () => {
    expect(parse({ DETECTOR_TIMEOUT_MS: '300000' }).detectorTimeoutMs).toBe(300_000);
    expect(faultsOf({ DETECTOR_TIMEOUT_MS: '300001' })).toMatchObject([{ path: 'DETECTOR_TIMEOUT_MS' }]);
  });

  it('takes an empty value as not given', () => expect(parse({ PORT: ' ' }).port).toBe(8000));

  it.each(['DETECTOR_API_KEY', 'LLM_API_KEY'])(
    'refuses a %s that no header can carry, and does not repeat it',
    (name) => {
      for (const value of ['sec\nret', 'secret\u20ac', 'sec ret']) {
        const faults = faultsOf({ [name]: value });
        expect(faults.map(({ path }) => path)).toEqual([name]);
        expect(faults[0]?.message).not.toContain('sec');
      }
      expect(faultsOf({ [name]: 'sk-Az09_.~+/=' })).toEqual([]);
    },
  );

  it('never repeats a secret, nor any value, in a fault', () => {
    const secret = 'postgrez://u:hunter2@h';
    const text = JSON.stringify(
      faultsOf({ ADMIN_API_KEY: 'hunter2', DATABASE_URL: secret, PORT: 'hunter2', LOG_LEVEL: 'hunter2' }),
    );
    expect(text).not.toContain('hunter2');
    expect(JSON.parse(text)).toHaveLength(4);
  });

  it('says where a missing key comes from', () => {
    expect(faultsOf({ ADMIN_API_KEY: '' })[0]?.message).toContain('setup.sh');
  });
});
