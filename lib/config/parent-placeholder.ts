/** `{parent.field}` in an endpoint, a parameter or a body; for `replace`, `matchAll` and `search`. */
export const parentPlaceholder = /\{parent\.([^{}]+)\}/g;
