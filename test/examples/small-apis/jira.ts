import { byTime, changedSince, isSize, type Loose, page, type SmallApi, unknownParameter } from './small-api.ts';

const known = 'jql nextPageToken maxResults fields expand properties fieldsByKeys failFast reconcileIssues'.split(' ');
const failed = (status: number, message: string) => ({ status, body: { errorMessages: [message], errors: {} } });

export const jira: SmallApi = {
  incremental: true,
  itemOf: ({ fields, id }) => ({
    id: Number(id),
    at: Date.parse(String((fields as Loose).updated).replace('+0000', 'Z')),
    name: String((fields as Loose).summary),
  }),
  answer: (request, { items }) => {
    const { headers, url } = request;
    const pair = Buffer.from('value-of-JIRA_EMAIL:value-of-JIRA_TOKEN').toString('base64');
    if (headers.authorization !== `Basic ${pair}`) return failed(401, 'Client must be authenticated.');
    if (url.pathname !== '/rest/api/3/search/jql') return failed(410, 'The requested API has been removed.');
    const unknown = unknownParameter(request, known);
    if (unknown !== undefined || !isSize(url.searchParams.get('maxResults'), 5_000)) return failed(400, `${unknown}`);
    const from = /updated >= '(\d{4}-\d\d-\d\d \d\d:\d\d)'/.exec(url.searchParams.get('jql') ?? '')?.[1];
    if (from === undefined) return failed(400, 'Unbounded JQL queries are not allowed here.');
    const found = byTime(changedSince(items, `${from.replace(' ', 'T')}Z`));
    const { next, rows } = page(found, Number(url.searchParams.get('nextPageToken')?.slice(1) ?? 0));
    // By default an issue has its id only.
    const fields = url.searchParams.get('fields')?.split(',') ?? [];
    const issues = rows.map(({ at, id, name }) => ({
      id: String(id),
      key: `P-${id}`,
      fields: {
        ...(fields.includes('summary') ? { summary: name } : {}),
        ...(fields.includes('updated') ? { updated: new Date(at).toISOString().replace('Z', '+0000') } : {}),
      },
    }));
    return {
      body: next === undefined ? { issues, isLast: true } : { issues, nextPageToken: `t${next}`, isLast: false },
    };
  },
};
