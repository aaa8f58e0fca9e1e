/** Served beside the page's own files, for a browser knows no packages. */
export { default } from 'openapi-fetch';
export * from 'openapi-fetch';
