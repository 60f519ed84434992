import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { configJsonSchema } from '../../lib/config/json-schema.ts';

type Node = Readonly<Record<string, unknown>>;

const schema = JSON.parse(configJsonSchema()) as Node;
const validate = new Ajv({ strict: false, logger: false }).compile(schema);
const config = (settings: object, dataSource: object = { base_url: 'https://api.example.com' }): object => ({
  data_source: dataSource,
  pipelines: { p: { target_table: 't', ...settings } },
});
const api = { source_type: 'api', endpoint: 'rows' };
const file = { source_type: 'file', file_path: 'a.csv' };

/** Properties of every object of the schema that say nothing of themselves. */
function undescribed(node: unknown, path: string): string[] {
  if (typeof node !== 'object' || node === null) return [];
  const found: string[] = [];
  const { properties } = node as { properties?: Record<string, Node> };
  for (const [name, property] of Object.entries(properties ?? {})) {
    if (!('description' in property) && !('const' in property)) found.push(`${path}.${name}`);
  }
  return [...found, ...Object.entries(node).flatMap(([key, inner]) => undescribed(inner, `${path}/${key}`))];
}

describe('the schema that editors use', () => {
  it.each([
    [api],
    [{ ...api, pagination: { type: 'cursor', cursor_path: '$.next' }, auth: { type: 'bearer', token: { env: 'T' } } }],
    [{ ...api, method: 'POST', body: { deep: [{ a: null }] }, headers: { 'X-A': { secret: 's', key: 'k' } } }],
    [
      {
        ...api,
        endpoint: 'u/{parent.id}',
        parent: { endpoint: 'u', pagination: { type: 'link_header' }, no_rows_statuses: [404] },
      },
    ],
    [
      {
        ...api,
        incremental: { cursor_column: 'at', initial_value: 7 },
        rate_limit: { requests: 5 },
        retry: { max_wait_seconds: 60 },
      },
    ],
    [{ ...file, file_path: ['a', 'b'], csv: { delimiter: ';' }, compression: 'zstd', encoding: 'euc-jp' }],
  ])('accepts what is right: %j', (settings) => {
    expect(validate(config(settings)), JSON.stringify(validate.errors)).toBe(true);
  });

  it.each([
    [{ ...api, pagination: { type: 'pages' } }],
    [{ ...api, pagination: { type: 'offset' } }],
    [{ ...api, pagination: { type: 'offset', limit: 5, limt: 1 } }],
    [{ ...api, auth: { type: 'bearer', token: 'in the open' } }],
    [{ ...api, method: 'PUT' }],
    [{ ...api, compression: 'gzip' }],
    [{ ...api, incremental: { column: 'at' } }],
    [{ ...file, encoding: 'sjis' }],
    [{ ...file, csv: { delimiter: 5 } }],
    [{ ...file, params: {} }],
  ])('refuses what is wrong: %j', (settings) => {
    expect(validate(config(settings))).toBe(false);
  });

  it('describes every setting of a source, so that editors can complete it', () => {
    expect(
      undescribed(schema, '').filter(
        (path) => /pipelines|data_source/.test(path) && !/business_rules|columns|indexes/.test(path),
      ),
    ).toEqual([]);
  });
});
