const methods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

/** Anybody may send any word as a method. */
export const toMethod = (given: string): string => (methods.has(given) ? given : 'other');
