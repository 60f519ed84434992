import type { SeenRequest } from '../extract/extract-setup.ts';

/** A row of every copy: what it is known by, and when it changed last, ms since 1970. */
export interface Item {
  readonly id: number;
  readonly at: number;
  readonly name: string;
}

/** What a small copy of an API answers, written after what the vendor's public documentation describes. */
export interface Answer {
  readonly body: unknown;
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

type Loose = Readonly<Record<string, unknown>>;

export interface SmallApi {
  readonly answer: (request: SeenRequest, items: readonly Item[]) => Answer;
  /** The item that a row is of; undefined where it is none. */
  readonly itemOf: (row: Loose) => Item;
  /** Whether a second run reads less than everything. */
  readonly incremental: boolean;
}

/** Rows of a page, whatever size is asked for. */
const size = 3;

const iso = (at: number): string => new Date(at).toISOString().replace('.000Z', 'Z');
const since = (items: readonly Item[], text: string | null | undefined): readonly Item[] =>
  text === null || text === undefined ? items : items.filter(({ at }) => at >= Date.parse(text));
const byTime = (items: readonly Item[]): readonly Item[] => [...items].sort((a, b) => a.at - b.at || a.id - b.id);
const bearer = ({ headers }: SeenRequest, token: string): boolean => headers.authorization === `Bearer ${token}`;
const refused: Answer = { status: 401, body: { error: 'unauthorized' } };

/** A page that begins at `from`, and where the next one begins. */
function page(
  items: readonly Item[],
  from: number,
): { readonly rows: readonly Item[]; readonly next: number | undefined } {
  const next = from + size;
  return { rows: items.slice(from, next), next: next < items.length ? next : undefined };
}

const plain = (row: Loose): Item => ({
  id: Number(row.id),
  at: Date.parse(String(row.updated_at)),
  name: String(row.name),
});

const tokenOf = (body: string): URLSearchParams => new URLSearchParams(body);

/** The newest refresh token of freee's copy: each use ends the one before. */
export interface Rotation {
  current: string;
  uses: number;
}

export function smallApis(rotation: Rotation): Readonly<Record<string, SmallApi>> {
  return {
    github: {
      incremental: true,
      itemOf: plain,
      answer: (request, items) => {
        const { headers, url } = request;
        if (!bearer(request, 'value-of-GITHUB_TOKEN') || headers['x-github-api-version'] === undefined) return refused;
        const found = byTime(since(items, url.searchParams.get('since')));
        const at = Number(url.searchParams.get('page') ?? 1);
        const { next, rows } = page(found, (at - 1) * size);
        const to = new URL(url);
        to.searchParams.set('page', String(at + 1));
        return {
          body: rows.map((row) => ({ id: row.id, updated_at: iso(row.at), name: row.name })),
          headers: next === undefined ? {} : { link: `<${to.href}>; rel="next"` },
        };
      },
    },
    stripe: {
      incremental: true,
      itemOf: ({ created, id, name }) => ({
        id: Number(String(id).slice(3)),
        at: Number(created) * 1_000,
        name: String(name),
      }),
      answer: (request, items) => {
        const { searchParams: query } = request.url;
        if (!bearer(request, 'value-of-STRIPE_KEY')) return refused;
        const from = Number(query.get('created[gte]') ?? 0) * 1_000;
        const found = [...byTime(items.filter(({ at }) => at >= from))].reverse();
        const after = query.get('starting_after');
        const start = after === null ? 0 : found.findIndex(({ id }) => `ch_${id}` === after) + 1;
        const { next, rows } = page(found, start);
        const data = rows.map(({ at, id, name }) => ({ id: `ch_${id}`, object: 'charge', created: at / 1_000, name }));
        return { body: { object: 'list', url: '/v1/charges', has_more: next !== undefined, data } };
      },
    },
    hubspot: {
      incremental: true,
      itemOf: ({ id, properties, updatedAt }) => ({
        id: Number(id),
        at: Date.parse(String(updatedAt)),
        name: String((properties as Loose).firstname),
      }),
      answer: (request, items) => {
        if (!bearer(request, 'value-of-HUBSPOT_TOKEN')) return refused;
        const { after, filterGroups } = JSON.parse(request.body) as {
          after?: string;
          filterGroups: readonly { filters: readonly { operator: string; value: string }[] }[];
        };
        const value = (operator: string): number =>
          Number(filterGroups[0]?.filters.find((filter) => filter.operator === operator)?.value);
        const found = byTime(items.filter(({ at }) => at >= value('GTE') && at < value('LT')));
        const { next, rows } = page(found, Number(after ?? 0));
        const results = rows.map(({ at, id, name }) => ({
          id: String(id),
          properties: { firstname: name },
          updatedAt: new Date(at).toISOString(),
        }));
        const paging = next === undefined ? {} : { paging: { next: { after: String(next) } } };
        return { body: { total: found.length, results, ...paging } };
      },
    },
    salesforce: {
      incremental: true,
      itemOf: ({ Id, Name, SystemModstamp }) => ({
        id: Number(Id),
        at: Date.parse(String(SystemModstamp).replace('+0000', 'Z')),
        name: String(Name),
      }),
      answer: (request, items) => {
        const { url } = request;
        if (url.pathname.endsWith('/oauth2/token')) return { body: { access_token: 'sf', token_type: 'Bearer' } };
        if (!bearer(request, 'sf')) return refused;
        const [, cursor] =
          /\/query\/(.+)-(\d+)$/.exec(url.pathname) === null ? [] : (url.pathname.split('-') as string[]);
        const soql =
          cursor === undefined
            ? url.searchParams.get('q')
            : Buffer.from(url.pathname.split('/').at(-1)?.split('-')[0] ?? '', 'base64url').toString();
        const found = byTime(since(items, / >= (\S+) ORDER/.exec(soql ?? '')?.[1]));
        const { next, rows } = page(found, Number(cursor ?? 0));
        const records = rows.map(({ at, id, name }) => ({
          attributes: { type: 'Account' },
          Id: String(id),
          Name: name,
          SystemModstamp: new Date(at).toISOString().replace('Z', '+0000'),
        }));
        const more =
          next === undefined
            ? {}
            : {
                nextRecordsUrl: `/services/data/v61.0/query/${Buffer.from(soql ?? '')
                  .toString('base64url')
                  .replaceAll('-', '_')}-${next}`,
              };
        return { body: { totalSize: found.length, done: next === undefined, records, ...more } };
      },
    },
    jira: {
      incremental: true,
      itemOf: ({ fields, id }) => ({
        id: Number(id),
        at: Date.parse(String((fields as Loose).updated).replace('+0000', 'Z')),
        name: String((fields as Loose).summary),
      }),
      answer: ({ headers, url }, items) => {
        const pair = Buffer.from('value-of-JIRA_EMAIL:value-of-JIRA_TOKEN').toString('base64');
        if (headers.authorization !== `Basic ${pair}` || !url.searchParams.get('fields')?.includes('summary,status'))
          return refused;
        const from = /updated >= '(\d{4}-\d\d-\d\d \d\d:\d\d)'/.exec(url.searchParams.get('jql') ?? '')?.[1];
        const found = byTime(since(items, `${from?.replace(' ', 'T')}Z`));
        const { next, rows } = page(found, Number(url.searchParams.get('nextPageToken')?.slice(1) ?? 0));
        const issues = rows.map(({ at, id, name }) => ({
          id: String(id),
          key: `P-${id}`,
          fields: { summary: name, updated: new Date(at).toISOString().replace('Z', '+0000') },
        }));
        return { body: next === undefined ? { issues, isLast: true } : { issues, nextPageToken: `t${next}` } };
      },
    },
    zendesk: {
      incremental: true,
      itemOf: ({ generated_timestamp, id, subject }) => ({
        id: Number(id),
        at: Number(generated_timestamp) * 1_000,
        name: String(subject),
      }),
      answer: ({ headers, url }, items) => {
        if (headers.authorization?.startsWith('Basic ') !== true) return refused;
        const cursor = url.searchParams.get('cursor');
        const [start, from] = cursor === null ? [url.searchParams.get('start_time'), '0'] : cursor.split('.');
        const found = byTime(items.filter(({ at }) => at >= Number(start) * 1_000));
        const { next, rows } = page(found, Number(from));
        const after = `${start}.${next ?? found.length}`;
        return {
          body: {
            tickets: rows.map(({ at, id, name }) => ({ id, subject: name, generated_timestamp: at / 1_000 })),
            after_url: `${url.origin}${url.pathname}?cursor=${after}`,
            after_cursor: after,
            end_of_stream: next === undefined,
          },
        };
      },
    },
    slack: {
      incremental: true,
      itemOf: ({ text, ts }) => ({
        id: Number(String(ts).split('.')[1]),
        at: Number(String(ts).split('.')[0]) * 1_000,
        name: String(text),
      }),
      answer: (request, items) => {
        if (!bearer(request, 'value-of-SLACK_TOKEN')) return { body: { ok: false, error: 'invalid_auth' } };
        const { searchParams: query } = request.url;
        const ts = ({ at, id }: Item): string => `${at / 1_000}.${String(id).padStart(6, '0')}`;
        const oldest = Number(query.get('oldest') ?? 0);
        const found = [...byTime(items.filter((item) => Number(ts(item)) >= oldest))].reverse();
        const { next, rows } = page(found, Number(query.get('cursor')?.slice(1) ?? 0));
        return {
          body: {
            ok: true,
            messages: rows.map((item) => ({ type: 'message', ts: ts(item), text: item.name })),
            has_more: next !== undefined,
            response_metadata: { next_cursor: next === undefined ? '' : `c${next}` },
          },
        };
      },
    },
    notion: {
      incremental: true,
      itemOf: ({ id, last_edited_time, properties }) => ({
        id: Number(id),
        at: Date.parse(String(last_edited_time)),
        name: String((properties as Loose).Name),
      }),
      answer: (request, items) => {
        if (!bearer(request, 'value-of-NOTION_TOKEN') || request.headers['notion-version'] === undefined)
          return refused;
        const body = JSON.parse(request.body) as {
          start_cursor?: string;
          filter: { last_edited_time: { on_or_after: string } };
        };
        const found = byTime(since(items, body.filter.last_edited_time.on_or_after));
        const { next, rows } = page(found, Number(body.start_cursor ?? 0));
        const results = rows.map(({ at, id, name }) => ({
          object: 'page',
          id: String(id),
          last_edited_time: new Date(at).toISOString(),
          properties: { Name: name },
        }));
        return {
          body: {
            object: 'list',
            results,
            next_cursor: next === undefined ? null : String(next),
            has_more: next !== undefined,
          },
        };
      },
    },
    shopify: {
      incremental: true,
      itemOf: plain,
      answer: ({ headers, url }, items) => {
        if (headers['x-shopify-access-token'] !== 'value-of-SHOPIFY_TOKEN') return refused;
        const info = url.searchParams.get('page_info');
        // A page has nothing but its own name beside the limit.
        if (info !== null && url.searchParams.has('updated_at_min'))
          return { status: 400, body: { errors: 'page_info' } };
        const [from, start = '0'] = info === null ? [url.searchParams.get('updated_at_min') ?? ''] : info.split('|');
        const found = byTime(since(items, from));
        const { next, rows } = page(found, Number(start));
        const link = `<${url.origin}${url.pathname}?limit=250&page_info=${encodeURIComponent(`${from}|${next}`)}>; rel="next"`;
        return {
          body: { orders: rows.map(({ at, id, name }) => ({ id, updated_at: iso(at).replace('Z', '-00:00'), name })) },
          headers: next === undefined ? {} : { link },
        };
      },
    },
    'google-sheets': {
      incremental: false,
      itemOf: plain,
      answer: (request, items) => {
        const form = tokenOf(request.body);
        if (request.url.pathname === '/token') {
          return form.get('assertion')?.split('.').length === 3
            ? { body: { access_token: 'g', expires_in: 3599 } }
            : refused;
        }
        if (!bearer(request, 'g')) return refused;
        const values = [['id', 'updated_at', 'name'], ...items.map(({ at, id, name }) => [id, iso(at), name])];
        return { body: { range: 'Sheet1!A1:C1000', majorDimension: 'ROWS', values } };
      },
    },
    airtable: {
      incremental: true,
      itemOf: ({ fields, id }) => ({
        id: Number(String(id).slice(3)),
        at: Date.parse(String((fields as Loose)['Last modified'])),
        name: String((fields as Loose).Name),
      }),
      answer: (request, items) => {
        const { searchParams: query } = request.url;
        if (!bearer(request, 'value-of-AIRTABLE_TOKEN')) return refused;
        const from = /^NOT\(IS_BEFORE\(\{Last modified\}, DATETIME_PARSE\('([^']+)'\)\)\)$/.exec(
          query.get('filterByFormula') ?? '',
        )?.[1];
        if (from === undefined) return { status: 422, body: { error: { type: 'INVALID_FILTER_BY_FORMULA' } } };
        const { next, rows } = page(since(items, from), Number(query.get('offset')?.split('/')[1] ?? 0));
        const records = rows.map(({ at, id, name }) => ({
          id: `rec${id}`,
          createdTime: iso(0),
          fields: { Name: name, 'Last modified': new Date(at).toISOString() },
        }));
        return { body: next === undefined ? { records } : { records, offset: `itr/${next}` } };
      },
    },
    kintone: {
      incremental: false,
      itemOf: (row) => {
        const value = (name: string): string => String((row[name] as Loose).value);
        return { id: Number(value('$id')), at: Date.parse(value('更新日時')), name: value('名前') };
      },
      answer: ({ headers, url }, items) => {
        if (headers['x-cybozu-api-token'] !== 'value-of-KINTONE_TOKEN') return refused;
        const after = /^\$id > (\d+) order by \$id asc limit \d+$/.exec(url.searchParams.get('query') ?? '')?.[1];
        if (after === undefined) return { status: 400, body: { code: 'CB_VA01' } };
        const rows = items.filter(({ id }) => id > Number(after)).slice(0, size);
        const records = rows.map(({ at, id, name }) => ({
          $id: { type: '__ID__', value: String(id) },
          更新日時: { type: 'UPDATED_TIME', value: iso(at) },
          名前: { type: 'SINGLE_LINE_TEXT', value: name },
        }));
        return { body: { records, totalCount: null } };
      },
    },
    freee: {
      incremental: false,
      itemOf: plain,
      answer: (request, items) => {
        if (request.url.pathname.endsWith('/token')) {
          if (tokenOf(request.body).get('refresh_token') !== rotation.current)
            return { status: 401, body: { error: 'invalid_grant' } };
          rotation.uses += 1;
          rotation.current = `refresh-${rotation.uses}`;
          return {
            body: { access_token: `access-${rotation.uses}`, refresh_token: rotation.current, expires_in: 21_600 },
          };
        }
        if (!bearer(request, `access-${rotation.uses}`)) return refused;
        const { rows } = page(items, Number(request.url.searchParams.get('offset')));
        const deals = rows.map(({ at, id, name }) => ({ id, updated_at: iso(at), name }));
        return { body: { deals, meta: { total_count: items.length } } };
      },
    },
  };
}
