import { describe, expect, it } from 'vitest';
import { InvalidConfigError } from '../../lib/config/errors.ts';
import { parseConfig } from '../../lib/config/read-config.ts';

/** The problems of a configuration with one pipeline of these settings, as people read them. */
function problemsOf(settings: object, dataSource: object = { base_url: 'https://api.example.com' }): string {
  const pipeline = { target_table: 't', ...settings };
  try {
    parseConfig(JSON.stringify({ data_source: dataSource, pipelines: { p: pipeline } }, null, 1), 'etl.json');
    return 'none';
  } catch (thrown) {
    if (!(thrown instanceof InvalidConfigError)) throw thrown;
    return thrown.problems.map(({ message, path }) => `${path}: ${message}`).join('\n');
  }
}

const api = { source_type: 'api', endpoint: 'rows' };
const file = { source_type: 'file', file_path: 'a.csv' };

describe('a source that is right', () => {
  it.each([
    [api],
    [{ ...api, pagination: { type: 'cursor', cursor_path: 'meta.next' }, records_path: '$.rows[?@.ok == true]' }],
    [
      {
        ...api,
        method: 'POST',
        body: { a: [1, { b: null }] },
        pagination: { type: 'page_number', in: 'body', page_param: 'page.number' },
      },
    ],
    [{ ...api, endpoint: 'users/{parent.id}', parent: { endpoint: 'users', include: { user_id: 'id' } } }],
    [
      {
        ...api,
        load_mode: 'upsert',
        key_columns: ['id'],
        incremental: { cursor_column: 'at', lag: 60, start_param: 'since' },
      },
    ],
    [
      {
        ...api,
        auth: {
          type: 'oauth2_client_credentials',
          token_url: 'https://a/t',
          client_id: 'x',
          client_secret: { env: 'S' },
        },
      },
    ],
    [file],
    [
      {
        ...file,
        file_path: ['a.csv', 's3://b/c/*.csv.gz'],
        encoding: 'shift_jis',
        csv: { delimiter: ';', decimal_separator: ',', thousands_separator: '.' },
      },
    ],
    [{ ...file, csv: { header: false, names: ['a', 'b'] }, file_name_column: 'file' }],
  ])('has no problem: %j', (settings) => {
    expect(problemsOf(settings)).toBe('none');
  });
});

describe('a source that is wrong', () => {
  it.each([
    [{ ...api, records_path: '$.a[' }, 'pipelines.p.records_path: is no JSONPath (RFC 9535): '],
    [
      { ...api, pagination: { type: 'pages' } },
      'pipelines.p.pagination.type: must be one of "none", "page_number", "offset", "cursor", "link_header", "next_url"',
    ],
    [
      { ...api, pagination: { type: 'cursor' } },
      'pipelines.p.pagination: needs one of cursor_path and cursor_header, e.g. cursor_path: $.next_cursor',
    ],
    [{ ...api, pagination: { type: 'offset' } }, 'pipelines.p.pagination.limit: is missing'],
    [
      { ...api, pagination: { type: 'offset', limit: 9, limt: 1 } },
      'pipelines.p.pagination.limt: unknown key. Did you mean "limit"?',
    ],
    [{ ...api, pagination: { type: 'page_number', page_size: 5 } }, 'needs size_param and page_size together'],
    [
      { ...api, pagination: { type: 'page_number', stop_on_empty_page: false } },
      'would never end: give has_more_path or total_path',
    ],
    [
      { ...api, pagination: { type: 'page_number', in: 'body' } },
      'pipelines.p.pagination.in: the body is sent with method: POST only',
    ],
    [{ ...api, body: { a: 1 } }, 'pipelines.p.body: needs method: POST'],
    [{ ...api, method: 'PUT' }, 'pipelines.p.method: must be one of "GET", "POST"'],
    [{ ...api, max_pages: 0 }, 'pipelines.p.max_pages: '],
    [
      { ...api, endpoint: 'a/{parent.id}' },
      'pipelines.p.endpoint: has the placeholder {parent.id}, which needs a parent, e.g. parent: {endpoint: users}',
    ],
    [
      { ...api, parent: { endpoint: 'users' } },
      'pipelines.p.parent: is not used: put e.g. {parent.id} into endpoint, params, headers or body',
    ],
    [{ ...api, incremental: {} }, 'pipelines.p.incremental.cursor_column: is missing'],
    [
      { ...api, max_rows: 9, incremental: { cursor_column: 'at' } },
      'pipelines.p.max_rows: would leave rows out that the watermark then passes over',
    ],
    [
      { ...api, incremental: { cursor_column: 'at', lag: 9 } },
      'pipelines.p.incremental.lag: reads rows again, so it needs load_mode: upsert',
    ],
    [
      { ...api, incremental: { cursor_column: 'at', cursor_type: 'text', start_bound: 'exclusive' } },
      'exclusive bounds would lose rows that share the newest text',
    ],
    [{ ...api, auth: { type: 'bearer', token: 'abc' } }, 'pipelines.p.auth.token: must be '],
    [{ ...api, auth: { type: 'bearrer' } }, 'pipelines.p.auth.type: must be one of'],
    [{ ...api, auth: { type: 'api_key', key: { env: 'K' } } }, 'pipelines.p.auth.name: is missing'],
    [{ ...api, rate_limit: { requests: 0 } }, 'pipelines.p.rate_limit.requests: '],
    [{ ...api, retry: { delays_seconds: [1, -1] } }, 'pipelines.p.retry.delays_seconds[1]: '],
    [{ ...api, headers: { 'X Y': 'a' } }, 'must be the name of a header'],
    [{ ...file, format: 'excel' }, 'pipelines.p.format: must be one of "csv", "tsv", "json", "ndjson", "parquet"'],
    [{ ...file, encoding: 'sjis' }, 'pipelines.p.encoding: must be one of'],
    [{ ...file, csv: { delimiter: '||' } }, 'pipelines.p.csv.delimiter: must be a single character'],
    [{ ...file, csv: { header: false } }, 'pipelines.p.csv.names: are needed where header is false'],
    [{ ...file, csv: { names: ['a'] } }, 'pipelines.p.csv.names: are for files without a header'],
    [{ ...file, csv: { decimal_separator: ',', thousands_separator: ',' } }, 'must differ from decimal_separator'],
    [{ ...file, csv: { delimiter: '"' } }, 'pipelines.p.csv.quote: must differ from the delimiter'],
    [
      { ...file, format: 'ndjson', csv: {} },
      'pipelines.p.csv: says how to read csv and tsv files, but format is ndjson',
    ],
    [
      { ...file, format: 'csv', records_path: '$.a' },
      'pipelines.p.records_path: leads through json files, but format is csv',
    ],
    [{ ...file, file_path: [] }, 'pipelines.p.file_path: '],
    [{ ...file, max_rejected_ratio: 2 }, 'pipelines.p.max_rejected_ratio: '],
  ])('is explained: %j', (settings, problem) => {
    expect(problemsOf(settings)).toContain(problem);
  });

  it.each([
    [{ base_url: 'ftp://a' }, 'data_source.base_url: must be a URL that begins with https:// or http://'],
    [{ base_url: 'https://a', timeout_seconds: 0 }, 'data_source.timeout_seconds: '],
    [
      { base_url: 'https://a', retry: { reset_headers: [{ name: 'x', format: 'unix' }] } },
      'data_source.retry.reset_headers[0].format: must be one of',
    ],
  ])('is explained in data_source: %j', (dataSource, problem) => {
    expect(problemsOf(api, dataSource)).toContain(problem);
  });
});
