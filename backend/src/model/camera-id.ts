/** Leaves room for the suffix of a second camera of the same name within the 64 characters of an id. */
const ID_CHARS_MAX = 60;

/** `Front Door` is `front_door`; what has no letter or digit of the Latin alphabet is `camera`. */
export function toCameraId(folder: string): string {
  const slug = folder
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9-]+/g, '_')
    .replace(/^[_-]+|[_-]+$/g, '')
    .slice(0, ID_CHARS_MAX);
  return slug === '' ? 'camera' : slug;
}
