import { describe, expect, it } from 'vitest';
import { InvalidConfigError } from '../../lib/config/errors.ts';
import { parseConfig } from '../../lib/config/read-config.ts';
import { parseTemplate } from '../../lib/config/template.ts';

describe('a template', () => {
  it.each([
    ['no braces', ['no braces']],
    ['a/{parent.id}/b', ['a/', '{parent.id}', '/b']],
    ['{now-3d:date}{cursor:number}', ['{now-3d:date}', '{cursor:number}']],
    ['{ users { id } }', ['{ users { id } }']],
    ['query { a(b: "{parent.x y}") { id name } }', ['query { a(b: "', '{parent.x y}', '") { id name } }']],
    ['{"page":1,"a":{"b":2}}', ['{"page":1,"a":{"b":2}}']],
    ['\\d{3} and {{page}} stay', ['\\d{3} and ', '{page}', ' stay']],
    ["{parent.$['a:b']}", ["{parent.$['a:b']}"]],
    ['{window.start+12h:iso8601}', ['{window.start+12h:iso8601}']],
    ['{now:%d %b %Y}', ['{now:%d %b %Y}']],
  ])('is read: %s', (text, parts) => {
    expect(parseTemplate(text).map((part) => (typeof part === 'string' ? part : part.text))).toEqual(parts);
  });

  it('has the shifts, members and formats of its placeholders', () => {
    expect(parseTemplate('{offset+1}')).toMatchObject([{ name: 'offset', shift: 1 }]);
    expect(parseTemplate('{now-1 day:epoch_seconds}')).toMatchObject([{ shift: -86_400, format: 'epoch_seconds' }]);
    expect(parseTemplate('{batch:50}')).toMatchObject([{ name: 'batch', size: 50, member: undefined }]);
    expect(parseTemplate('{batch.sku:50}')).toMatchObject([{ name: 'batch', size: 50, member: 'sku' }]);
    expect(parseTemplate('{parent.Order No.:json}')).toMatchObject([{ member: 'Order No.', format: 'json' }]);
  });
});

type Loose = Readonly<Record<string, unknown>>;

function problemsOf(settings: object, dataSource: object = {}): readonly string[] {
  const pipeline = { source_type: 'api', endpoint: 'rows', target_table: 't', ...settings };
  const config = { data_source: { base_url: 'https://a.example.com', ...dataSource }, pipelines: { p: pipeline } };
  try {
    parseConfig(JSON.stringify(config, null, 1), 'etl.json');
    return [];
  } catch (thrown) {
    if (!(thrown instanceof InvalidConfigError)) throw thrown;
    return thrown.problems.map(
      ({ line, message, path }) => `${path}: ${message} (${line === undefined ? '?' : 'line'})`,
    );
  }
}

const incremental = { cursor_column: 'at', initial_value: '2024-01-01' };
const offset = { pagination: { type: 'offset', limit: 3 } };

describe('etl check refuses a placeholder that means nothing, with its place', () => {
  it.each([
    [
      { endpoint: 'a/{watermrk}' },
      'pipelines.p.endpoint: has the unknown placeholder {watermrk}; did you mean {watermark}?',
    ],
    [{ endpoint: 'a/{users}' }, 'pipelines.p.endpoint: has the unknown placeholder {users}'],
    [
      { params: { q: '{now:isso8601}' } },
      'pipelines.p.params.q: has the placeholder {now:isso8601}, which has the unknown format "isso8601"; did you mean {now:iso8601}?',
    ],
    [{ params: { q: '{now:%Q}' } }, 'which has a format that has the unknown directive %Q'],
    [{ params: { q: '{now-3x}' } }, 'which needs a length of time, e.g. {now-3d}'],
    [{ params: { q: '{run+1}' } }, 'which can have nothing added or taken away'],
    [{ params: { q: '{env}' } }, 'which needs a name behind a dot, e.g. {env.id}'],
    [{ params: { q: '{now.x}' } }, 'which has nothing behind a dot'],
    [{ params: { q: '{cursor:date}' } }, 'which has the unknown format "date"'],
    [{ params: { q: '{parent.id:nmber}' } }, 'which has the unknown format "nmber"; did you mean {parent:number}?'],
    [
      { params: { q: '{page}' } },
      'pipelines.p.params.q: has the placeholder {page}, which needs pagination: {type: page_number}',
    ],
    [{ params: { q: '{offset}' } }, 'which needs pagination: {type: offset, limit: …}'],
    [{ params: { q: '{cursor}' } }, 'which needs pagination: {type: cursor, …}'],
    [
      { params: { q: 'id > {cursor}' }, pagination: { type: 'cursor', cursor_path: 'x' } },
      'set pagination.first_cursor',
    ],
    [{ params: { q: '{watermark}' } }, 'which needs incremental with an initial_value'],
    [
      { params: { q: '{watermark-1d}' }, incremental: { ...incremental, initial_value: 1, cursor_type: 'number' } },
      'pipelines.p.incremental.cursor_type: has no times',
    ],
    [{ params: { q: '{window.middle}' } }, 'which has only start and end behind the dot'],
    [{ headers: { 'X-A': '{nothing}' } }, 'pipelines.p.headers.X-A: has the unknown placeholder {nothing}'],
    [
      { method: 'POST', body: { a: [{ b: '{nothing}' }] } },
      'pipelines.p.body.a[0].b: has the unknown placeholder {nothing}',
    ],
    [{ endpoint: 'https://{env.SHOP}.example.com/a' }, 'pipelines.p.endpoint: has a placeholder in its host'],
    [
      { endpoint: 'a/{parent.id}', parent: { endpoint: 'b/{parent.id}' } },
      'pipelines.p.parent.endpoint: has the placeholder {parent.id}, which is not known to a parent',
    ],
  ])('%j', (settings, message) => {
    const problems = problemsOf(settings);
    expect(problems.join('\n')).toContain(message);
    for (const problem of problems) expect(problem).toContain('(line)');
  });

  it.each([
    [{ map_key: 'id' }, 'pipelines.p.map_key: needs records_path'],
    [{ columnar: true }, 'pipelines.p.columnar: needs records_path'],
    [{ records_path: '$.a', columnar: true, header: 'first_row' }, 'pipelines.p.header: does not go with columnar'],
    [{ records_path: '$.a', map_key: 'a', record_name_column: 'b' }, 'does not go with map_key'],
    [{ header: ['a', 'b', 'a'] }, 'pipelines.p.header: names the column a twice'],
    [{ include: { a: '$.b[?@.c]' } }, 'pipelines.p.include.a: needs a path of names and indexes'],
    [{ records_path: '$..x', include: { a: '$.b' } }, 'pipelines.p.include.a: needs a records_path of names'],
    [{ records_path: '$.a[*].b[*]', include: { a: '$.c[*].d' } }, 'pipelines.p.include.a: has a [*] at which'],
    [{ records_path: '$.a[*].b[*]', include: { a: '$.a[*].b[*].d' } }, 'pipelines.p.include.a: has a [*] at which'],
  ])('shapes of rows: %j', (settings, message) => {
    expect(problemsOf(settings).join('\n')).toContain(message);
  });

  const sliced = { ...incremental, window: '1 day', start_param: 'a', end_param: 'b' };
  it.each([
    [{ incremental: { ...sliced, window: '1 month' } }, 'pipelines.p.incremental.window: must be a length of time'],
    [{ incremental: { ...sliced, window: '0 days' } }, 'pipelines.p.incremental.window: must be a length of time'],
    [{ incremental: { ...sliced, step: '2 days' } }, 'pipelines.p.incremental.step: is longer than window'],
    [{ incremental: { ...sliced, end: 'tomorrow' } }, 'pipelines.p.incremental.end: must be "now"'],
    [{ incremental: { ...incremental, step: '1d' } }, 'pipelines.p.incremental.step: needs window'],
    [
      { incremental: { ...incremental, split_when: { total_over: 9 } } },
      'pipelines.p.incremental.split_when: needs window',
    ],
    [{ incremental: { ...sliced, initial_value: undefined } }, 'pipelines.p.incremental.window: needs initial_value'],
    [
      { incremental: { ...sliced, start_param: undefined } },
      'pipelines.p.incremental.window: needs start_param, or {window.start}',
    ],
    [
      { incremental: { ...sliced, end_param: undefined } },
      'pipelines.p.incremental.window: needs end_param, or {window.end}',
    ],
    [
      { incremental: { ...sliced, cursor_type: 'number' } },
      'pipelines.p.incremental.window: is of time, but cursor_type is number',
    ],
    [
      { incremental: { ...sliced, initial_value: 5 } },
      'pipelines.p.incremental.window: is of time, but initial_value is a number',
    ],
    [{ success_when: '$.ok = true' }, 'pipelines.p.success_when: is no condition: unexpected filter selector token'],
    [
      { error_when: ['$.a', '$.b[*].c'] },
      'pipelines.p.error_when[1]: is no condition: $.b[*].c may lead to several places',
    ],
    [{ async: { status_path: '$.s', done_values: [] } }, 'pipelines.p.async.done_values: '],
    [
      { async: { status_path: '$.s', done_values: ['a'], failed_values: ['a'] } },
      'pipelines.p.async.failed_values: has a, which done_values has too',
    ],
    [
      { async: { status_path: '$.s', done_values: ['a'], status_endpoint: 'a/{page}' } },
      'pipelines.p.async.status_endpoint: has the placeholder {page}',
    ],
    [
      { async: { status_path: '$.s', done_values: ['a'], result_endpoint: 'a', result_url_path: '$.b' } },
      'does not go with result_url_path',
    ],
    [{ endpoint: 'a/{job.id}' }, 'pipelines.p.endpoint: has the placeholder {job.id}, which belongs into async'],
    [
      {
        endpoint: 'a/{parent.id}',
        parent: { endpoint: 'b', skip_statuses: [403] },
        load_mode: 'replace',
        key_columns: ['id'],
      },
      'pipelines.p.parent.skip_statuses: would have load_mode replace delete',
    ],
  ])('windows, conditions and jobs: %j', (settings, message) => {
    expect(problemsOf(settings).join('\n')).toContain(message);
  });

  const each = (for_each: unknown): Loose => ({ endpoint: 'a/{parent.id}', for_each });
  it.each([
    [each({}), 'pipelines.p.for_each: needs one of values, file, query, endpoint'],
    [each({ values: [1], query: 'SELECT 1' }), 'pipelines.p.for_each: needs one of'],
    [each([]), 'pipelines.p.for_each: '],
    [each({ file: 'a.csv' }), 'pipelines.p.for_each.column: is missing'],
    [each({ query: 'DELETE FROM a' }), 'pipelines.p.for_each.query: must be a SELECT'],
    [each({ values: [1], records_path: '$.a' }), 'pipelines.p.for_each.records_path: belongs to endpoint'],
    [each({ endpoint: 'b', body: {} }), 'pipelines.p.for_each.body: needs method: POST'],
    [
      each({ endpoint: 'b/{parent.id}' }),
      'pipelines.p.for_each.endpoint: has the placeholder {parent.id}, which is not known to a parent; nest a for_each',
    ],
    [each({ endpoint: 'b', for_each: { endpoint: 'c' } }), 'pipelines.p.for_each.for_each: is not used'],
    [
      each({ endpoint: 'b/{parent.id}', for_each: { file: 'c.csv' } }),
      'pipelines.p.for_each.for_each.column: is missing',
    ],
    [{ for_each: [1] }, 'pipelines.p.for_each: is not used'],
    [{ ...each(['a']), parent: { endpoint: 'b' } }, 'pipelines.p.for_each: does not go with parent'],
    [{ params: { a: '{batch}' }, for_each: ['a'] }, 'pipelines.p.for_each: needs the size of a batch'],
    [
      { params: { a: '{batch:2}', b: '{parent.value}' }, for_each: ['a'] },
      'pipelines.p.for_each: has a {batch} of several values',
    ],
    [
      { params: { a: '{batch:2}' }, for_each: { query: 'SELECT 1' } },
      'pipelines.p.for_each: needs the column of the query',
    ],
    [
      { params: { a: '{batch:2}' }, for_each: ['a'], incremental },
      'pipelines.p.for_each: has batches whose values change',
    ],
    [
      { ...each({ values: [1], skip_statuses: [403] }), load_mode: 'replace', key_columns: ['id'] },
      'pipelines.p.for_each.skip_statuses: would have load_mode replace delete',
    ],
  ])('what requests are made for: %j', (settings, message) => {
    expect(problemsOf(settings).join('\n')).toContain(message);
  });

  it('in data_source.headers too', () => {
    expect(problemsOf({}, { headers: { 'X-Run': '{page}' } })[0]).toContain(
      'data_source.headers.X-Run: has the placeholder {page}, which needs pagination',
    );
    expect(problemsOf({}, { headers: { 'X-Run': '{run} {now:date} {env.X}' } })).toEqual([]);
  });

  it.each([
    [{ method: 'POST', body: { query: '{ users(first: 10) { id } }', variables: { a: '{now:date}' } } }],
    [{ ...offset, params: { query: 'SELECT * FROM Invoice STARTPOSITION {offset+1} MAXRESULTS {limit}' } }],
    [{ endpoint: 'a/{page}', pagination: { type: 'page_number' } }],
    [{ incremental, params: { q: 'updated >= "{watermark:%Y/%m/%d %H:%M}"' } }],
    [{ endpoint: 'a?x={{page}}' }],
  ])('and takes one that does: %j', (settings) => {
    expect(problemsOf(settings)).toEqual([]);
  });
});
