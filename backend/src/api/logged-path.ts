const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
/** Names of routes, and nearly all ids of cameras; keys are longer, or have capitals. */
const NAME = /^[a-z0-9_.-]{0,31}$/;
const SEGMENTS_MAX = 8;

/** A path as the log may keep it: no query, and `*` for what is neither a name nor an id: it could be a key. */
export const toLoggedPath = (path: string): string =>
  path
    .split('/', SEGMENTS_MAX)
    .map((segment) => (UUID.test(segment) || NAME.test(segment) ? segment : '*'))
    .join('/');
