import { describe, expect, it } from 'vitest';
import { InvalidConfigError } from '../../lib/config/errors.ts';
import { parseConfig } from '../../lib/config/read-config.ts';

function problemsOf(settings: object): string {
  const pipeline = { source_type: 'api', endpoint: 'rows', target_table: 't', ...settings };
  const config = { data_source: { base_url: 'https://a.example.com' }, pipelines: { p: pipeline } };
  try {
    parseConfig(JSON.stringify(config, null, 1), 'etl.json');
    return '';
  } catch (thrown) {
    if (!(thrown instanceof InvalidConfigError)) throw thrown;
    return thrown.problems.map(({ message, path }) => `${path}: ${message}`).join('\n');
  }
}

const incremental = { cursor_column: 'at', initial_value: '2024-01-01' };
const sliced = { ...incremental, window: '1 day', start_param: 'a', end_param: 'b' };
const job = { status_path: '$.s', done_values: ['d'] };
const each = { endpoint: 'a/{parent.id}' };

describe('etl check refuses what cannot mean anything', () => {
  it.each([
    ['1 == 2', 'asks nothing of a response'],
    ['true == true', 'asks nothing of a response'],
    ['@.status == 404', 'never holds'],
    ['$.ok && @.status > 500', 'never holds'],
    ["@.status == '200'", 'never holds'],
    ['@.header["x"] == 1', 'nothing that a response has'],
    ['@.code == 1', 'nothing that a response has'],
  ])('as a condition: %s', (condition, message) => {
    for (const key of ['success_when', 'error_when', 'retry_when']) {
      const problems = problemsOf({ [key]: condition });
      expect(problems).toContain(`pipelines.p.${key}: is no condition`);
      expect(problems).toContain(message);
    }
    expect(problemsOf({ incremental: { ...sliced, split_when: { condition } } })).toContain(message);
  });

  it.each(['$.ok', '@.status == 207', '$.a == 1 && @.status < 300', '@.headers["x-state"] == "ok"', 'length($.a) > 3'])(
    'and takes a condition that a response decides: %s',
    (condition) => {
      expect(problemsOf({ error_when: condition })).toBe('');
    },
  );

  it.each([
    [
      { pagination: { type: 'offset', limit: 3, offset_param: 'x', limit_param: 'x' } },
      'pagination.limit_param: is "x"',
    ],
    [
      { pagination: { type: 'page_number', page_param: 'x', size_param: 'x', page_size: 3 } },
      'pagination.size_param: is "x", which pagination.page_param is too',
    ],
    [
      { incremental: { ...sliced, end_param: 'a' } },
      'incremental.end_param: is "a", which incremental.start_param is too',
    ],
    [
      { pagination: { type: 'cursor', cursor_param: 'a', cursor_path: 'n' }, incremental: sliced },
      'incremental.start_param: is "a", which pagination.cursor_param is too',
    ],
    [{ pagination: { type: 'cursor', cursor_path: '$.a[*].b' } }, 'pagination.cursor_path: leads to several values'],
    [{ pagination: { type: 'offset', limit: 3, total_path: '$.*' } }, 'pagination.total_path: leads to several values'],
    [{ async: { ...job, status_path: '$.a[*]' } }, 'async.status_path: leads to several values'],
    [{ async: { ...job, poll_seconds: 100, timeout: 10 } }, 'async.poll_seconds: is longer than timeout'],
  ])('as a parameter or path: %j', (settings, message) => {
    expect(problemsOf(settings)).toContain(message);
  });

  it.each([
    [{ no_rows_statuses: [429] }, 'no_rows_statuses: has 429, after which a request is repeated'],
    [{ no_rows_statuses: [503] }, 'no_rows_statuses: has 503'],
    [{ no_rows_statuses: [404], retry: { statuses: [404] } }, 'no_rows_statuses: has 404'],
    [{ pagination: { type: 'page_number', end_statuses: [408] } }, 'pagination.end_statuses: has 408'],
    [{ ...each, for_each: { endpoint: 'p', skip_statuses: [429] } }, 'for_each.skip_statuses: has 429'],
    [
      { ...each, for_each: { endpoint: 'p', skip_statuses: [404], no_rows_statuses: [404] } },
      'for_each.skip_statuses: has 404, which no_rows_statuses has too',
    ],
    [{ rate_limit: [{ requests: 5 }, { requests: 10 }] }, 'has two limits of the same interval'],
  ])('as a status or limit: %j', (settings, message) => {
    expect(problemsOf(settings)).toContain(message);
  });

  it.each([
    [{ ...sliced, initial_value: 'yesterday' }, 'initial_value: must be a time of ISO 8601'],
    [{ ...incremental, cursor_format: 'epoch_seconds' }, 'initial_value: must be a number'],
    [{ ...incremental, cursor_type: 'number' }, 'initial_value: must be a number'],
    [{ ...incremental, initial_value: 5, cursor_type: 'timestamp' }, 'initial_value: must be a time of ISO 8601'],
    [{ ...sliced, end: 'now+1d' }, 'end: lies ahead of time'],
    [
      { ...incremental, initial_value: 1, cursor_format: 'epoch_seconds', cursor_timezone: 'Asia/Tokyo' },
      'cursor_timezone: is for',
    ],
    [{ ...incremental, param_format: 'date' }, 'param_format: says how bounds are sent, and none is'],
    [{ ...incremental, start_param: 'a', end_bound: 'inclusive' }, 'end_bound: is about the upper bound'],
  ])('of what is incremental: %j', (settings, message) => {
    expect(problemsOf({ incremental: settings })).toContain(`pipelines.p.incremental.${message}`);
  });

  it('as what is incremental and replaces all rows', () => {
    const problems = problemsOf({ load_mode: 'replace', key_columns: ['id'], incremental });
    expect(problems).toContain(
      'pipelines.p.incremental: reads what is new, and load_mode replace would delete all other',
    );
  });

  it.each([
    [{ ...each, for_each: [1, 2] }, 'for_each: has no id, which {parent.id} names; its values have value'],
    [{ ...each, for_each: { values: [{ code: 1 }] } }, 'for_each: has no id'],
    [
      { endpoint: 'a/{parent.code}', for_each: { values: [{ code: 1 }], include: { x: 'nope' } } },
      'for_each: has no nope, which include: nope names; its values have code',
    ],
    [{ endpoint: 'a/{parent.parent.id}', for_each: { endpoint: 'p' } }, 'for_each: has no for_each in it'],
    [{ ...each, for_each: { file: 'a.parquet', column: 'id' } }, 'for_each.file: is read from CSV'],
    [{ ...each, for_each: { query: 'SELECT id FROM t; SELECT 1' } }, 'for_each.query: must be one statement'],
  ])('of what requests are made for: %j', (settings, message) => {
    expect(problemsOf(settings)).toContain(`pipelines.p.${message}`);
  });

  it('and takes a query with semicolons in texts, names and comments, or at its end', () => {
    const query = `SELECT ';' AS id, ";" /* ; x */ FROM t -- ; y\n WHERE a = $$;$$ ;`;
    expect(problemsOf({ ...each, for_each: { query } })).toBe('');
  });

  it.each([
    [{ format: 'csv', success_when: '$.ok' }, 'success_when: asks about a body of JSON, but format is csv'],
    [
      { format: 'csv', pagination: { type: 'cursor', cursor_path: '$.n' } },
      'pagination.cursor_path: leads through a body',
    ],
    [{ headers: { Host: 'x' } }, 'headers.Host: is a header that the connection sets itself'],
    [{ headers: { 'Content-Length': '3' } }, 'headers.Content-Length: is a header that the connection sets itself'],
    [{ headers: { 'X-A': 'a\nb' } }, 'headers.X-A: must be one line'],
    [{ endpoint: 'ftp://a.example.com/x' }, 'endpoint: must be a path, or a URL of http or https'],
    [{ endpoint: 'https://u:p@a.example.com/x' }, 'endpoint: has a user name'],
    [{ endpoint: 'a#b' }, 'endpoint: has a fragment'],
  ])('of requests and answers: %j', (settings, message) => {
    expect(problemsOf(settings)).toContain(`pipelines.p.${message}`);
  });
});
