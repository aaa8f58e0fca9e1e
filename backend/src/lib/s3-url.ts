/** Where objects are kept: `s3://bucket/prefix?endpoint=https://host:9000&region=eu-1&path_style=true`. */
export interface S3Place {
  readonly bucket: string;
  /** Empty, or ends in a slash. */
  readonly prefix: string;
  /** `https://host:9000`; that of Amazon for the region where it is undefined. */
  readonly endpoint: string | undefined;
  readonly region: string;
  /** The bucket is the first part of the path, not of the host's name. */
  readonly pathStyle: boolean;
}

const BUCKET = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;
/** The characters that every server and every tool takes as they are. */
const PREFIX = /^([A-Za-z0-9_-][A-Za-z0-9._-]*\/)*$/;
const PREFIX_CHARS_MAX = 512;
const REGION = /^[a-z0-9][a-z0-9-]{0,31}$/;
const PARAMETERS: readonly string[] = ['endpoint', 'region', 'path_style'];
const REGION_DEFAULT = 'us-east-1';

/** Throws an Error whose message says what is wrong, in words that follow the name of the setting. */
export function parseS3Url(text: string): S3Place {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== 's3:') throw new Error('must be a URL such as s3://bucket/prefix');
  if (url.username !== '' || url.password !== '')
    throw new Error('must not hold keys: they have settings of their own');
  if (url.port !== '' || url.hash !== '') throw new Error('must have no port and no #: the server is ?endpoint=');
  const given = toParameters(url.searchParams);
  const endpoint = toEndpoint(given.get('endpoint'));
  return {
    bucket: toBucket(url.hostname),
    prefix: toPrefix(url.pathname),
    endpoint,
    region: toRegion(given.get('region')),
    pathStyle: toPathStyle(given.get('path_style')) ?? endpoint !== undefined,
  };
}

function toParameters(search: URLSearchParams): ReadonlyMap<string, string> {
  const names = [...search.keys()];
  const unknown = names.find((name) => !PARAMETERS.includes(name));
  if (unknown !== undefined) throw new Error(`knows only the parameters ${PARAMETERS.join(', ')}, not ${unknown}`);
  if (new Set(names).size < names.length) throw new Error('has a parameter twice');
  return new Map(search);
}

function toBucket(name: string): string {
  if (!BUCKET.test(name)) throw new Error('must name a bucket: 3 to 63 lower-case letters, digits, dots and hyphens');
  return name;
}

function toPrefix(pathname: string): string {
  const path = pathname.replace(/^\//, '').replace(/\/$/, '');
  const prefix = path === '' ? '' : `${path}/`;
  if (prefix.length > PREFIX_CHARS_MAX || !PREFIX.test(prefix))
    throw new Error('has a prefix with other characters than letters, digits, . _ - and single slashes');
  return prefix;
}

function toEndpoint(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isBare = url && url.href === `${url.origin}/`;
  if (!isBare || !['http:', 'https:'].includes(url.protocol))
    throw new Error('has an endpoint that is not of the form https://host or http://host:port');
  return url.origin;
}

function toRegion(text = REGION_DEFAULT): string {
  if (!REGION.test(text)) throw new Error('has a region that is none, as eu-central-1 is');
  return text;
}

function toPathStyle(text: string | undefined): boolean | undefined {
  if (text !== undefined && text !== 'true' && text !== 'false') throw new Error('needs path_style=true or false');
  return text === undefined ? undefined : text === 'true';
}
