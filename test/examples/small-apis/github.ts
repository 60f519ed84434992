import {
  bearer,
  byTime,
  iso,
  isSize,
  page,
  pageRows,
  plainItem,
  type SmallApi,
  unknownParameter,
} from './small-api.ts';

const known = 'milestone state assignee type creator mentioned labels sort direction since per_page page'.split(' ');
const versions = ['2022-11-28', '2026-03-10'];
const failed = (status: number, message: string) => ({
  status,
  body: { message, documentation_url: 'https://docs.github.com/rest', status: String(status) },
});

export const github: SmallApi = {
  incremental: true,
  itemOf: plainItem,
  answer: (request, { items }) => {
    const { headers, url } = request;
    const { searchParams: query } = url;
    if (!bearer(request, 'value-of-GITHUB_TOKEN')) return failed(401, 'Bad credentials');
    if (!versions.includes(String(headers['x-github-api-version']))) return failed(410, 'Gone');
    if (url.pathname !== '/repos/octocat/hello-world/issues') return failed(404, 'Not Found');
    const unknown = unknownParameter(request, known);
    if (unknown !== undefined || !isSize(query.get('per_page'), 100))
      return failed(422, `Validation Failed: ${unknown}`);
    if (query.get('sort') !== 'updated' || query.get('state') !== 'all')
      return failed(422, 'This copy sorts by updated.');
    // "Last updated after the given time."
    const since = query.get('since');
    const found = byTime(items.filter(({ at }) => since === null || at > Date.parse(since)));
    const at = Number(query.get('page') ?? 1);
    const { next, rows } = page(found, (at - 1) * pageRows);
    const link = (rel: string, number: number): string => {
      const to = new URL(url);
      to.searchParams.set('page', String(number));
      return `<${to.href}>; rel="${rel}"`;
    };
    const limits = { 'x-ratelimit-limit': '5000', 'x-ratelimit-remaining': '4999', 'x-ratelimit-reset': '1772323200' };
    const last = Math.max(1, Math.ceil(found.length / pageRows));
    return {
      body: rows.map((row) => ({ id: row.id, updated_at: iso(row.at), name: row.name })),
      headers: next === undefined ? limits : { ...limits, link: `${link('next', at + 1)}, ${link('last', last)}` },
    };
  },
};
