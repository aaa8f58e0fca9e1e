import { describe, expect, it } from 'vitest';
import { parseS3Url } from './s3-url.ts';

describe('an s3:// URL', () => {
  it('says all there is to say', () => {
    const text = 's3://nightjar/house/one/?endpoint=https://host:9000&region=eu-1&path_style=false';
    expect(parseS3Url(text)).toEqual({
      bucket: 'nightjar',
      prefix: 'house/one/',
      endpoint: 'https://host:9000',
      region: 'eu-1',
      pathStyle: false,
    });
  });

  it('needs a bucket only, which is then that of Amazon', () => {
    const place = { bucket: 'my.bucket-1', prefix: '', endpoint: undefined, region: 'us-east-1', pathStyle: false };
    expect(parseS3Url('s3://my.bucket-1')).toEqual(place);
  });

  it('has the bucket in the path at a server of its own', () => {
    expect(parseS3Url('s3://nightjar?endpoint=http://127.0.0.1:9000/').pathStyle).toBe(true);
  });

  it.each([
    ['https://host/bucket', /s3:\/\/bucket/],
    ['nightjar', /s3:\/\/bucket/],
    ['s3:///prefix', /bucket/],
    ['s3://Upper/x', /bucket/],
    ['s3://key:secret@nightjar', /keys/],
    ['s3://nightjar:9000', /endpoint/],
    ['s3://nightjar/a//b', /prefix/],
    ['s3://nightjar/a%20b', /prefix/],
    ['s3://nightjar?endpont=https://host', /endpont/],
    ['s3://nightjar?region=a&region=b', /twice/],
    ['s3://nightjar?endpoint=host:9000', /endpoint/],
    ['s3://nightjar?endpoint=ftp://host', /endpoint/],
    ['s3://nightjar?endpoint=https://host/path', /endpoint/],
    ['s3://nightjar?endpoint=https://user@host', /endpoint/],
    ['s3://nightjar?region=Mars!', /region/],
    ['s3://nightjar?path_style=1', /path_style/],
  ])('refuses %s', (text, reason) => {
    expect(() => parseS3Url(text)).toThrow(reason);
  });
});
