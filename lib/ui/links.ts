/** The addresses of the page's views. */
export const links = {
  overview: '/',
  pipeline: (name: string) => `/pipelines/${encodeURIComponent(name)}`,
  series: (name: string) => `/pipelines/${encodeURIComponent(name)}/series`,
  run: (runId: string) => `/runs/${encodeURIComponent(runId)}`,
  rejected: (of: { readonly run?: string | undefined; readonly pipeline?: string | undefined } = {}) =>
    withQuery('/rejected', of),
  group: (of: Readonly<Record<string, string | undefined>>) => withQuery('/rejected/rows', of),
  data: '/data',
  table: (name: string) => `/data/${encodeURIComponent(name)}`,
  query: '/data',
  act: (id: string) => `/acts/${encodeURIComponent(id)}`,
} as const;

/** A path with the parameters that have a value. */
export function withQuery(path: string, parameters: Readonly<Record<string, string | undefined>>): string {
  const given = Object.entries(parameters).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return given.length === 0 ? path : `${path}?${new URLSearchParams(given).toString()}`;
}
