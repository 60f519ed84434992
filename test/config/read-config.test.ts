import { describe, expect, it } from 'vitest';
import { InvalidConfigError } from '../../lib/config/errors.ts';
import { parseConfig } from '../../lib/config/read-config.ts';
import { articleConfig } from '../support/article-config.ts';

function problemsOf(text: string): readonly string[] {
  try {
    parseConfig(text, 'etl.yaml');
    return [];
  } catch (error) {
    if (!(error instanceof InvalidConfigError)) throw error;
    return error.message.split('\n');
  }
}

const file = (lines: string): string =>
  `pipelines:\n  p:\n    source_type: file\n    file_path: a.csv\n    target_table: t\n${lines}`;

describe('a configuration', () => {
  it('of the article is valid as it stands', () => {
    const config = parseConfig(articleConfig(), 'config.json');
    expect(Object.keys(config.pipelines)).toEqual(['user_data_pipeline', 'sales_data_pipeline']);
    expect(config.pipelines.sales_data_pipeline).toMatchObject({
      load_mode: 'insert',
      batch_rows: 2000,
      key_columns: [],
    });
  });

  it('may be JSON indented with tabs', () => {
    expect(problemsOf(articleConfig().replaceAll('  ', '\t'))).toEqual([]);
  });

  it('may begin with a byte order mark', () => {
    expect(problemsOf(`\uFEFF${articleConfig()}`)).toEqual([]);
  });

  it('with an unknown key names its path, its line and the nearest known key', () => {
    expect(problemsOf(file('    load_mod: upsert\n'))).toEqual([
      'etl.yaml:6:5: pipelines.p.load_mod: unknown key. Did you mean "load_mode"?',
    ]);
  });

  it('with an unknown key far from any known one lists the known ones', () => {
    expect(problemsOf('pipelines: {}\nzzzzzz: 1\n').join()).toMatch(
      /etl.yaml:2:1: zzzzzz: unknown key. Known here: aurora_dsql, data_source, deploy, pipelines, stages\./,
    );
  });

  it('with an unknown key in a rule looks at the keys of that rule', () => {
    const text = file("    business_rules:\n      - { type: filter, conditions: 'a = 1' }\n");
    expect(problemsOf(text)).toContain(
      'etl.yaml:7:25: pipelines.p.business_rules[0].conditions: unknown key. Did you mean "condition"?',
    );
  });

  it('with a wrong value says what is allowed and what was meant', () => {
    expect(problemsOf(file('    load_mode: upsertt\n'))[0]).toMatch(
      /etl.yaml:6:\d+: pipelines.p.load_mode: must be one of .*Did you mean "upsert"\?/,
    );
  });

  it('with an unknown source type names the known ones', () => {
    expect(problemsOf('pipelines:\n  p:\n    source_type: ftp\n')[0]).toMatch(
      /source_type: must be one of "api", "file"/,
    );
  });

  it('without a needed key says which is missing', () => {
    expect(problemsOf('pipelines:\n  p:\n    source_type: file\n    target_table: t\n')[0]).toMatch(
      /pipelines.p.file_path: is missing/,
    );
  });

  it('lists every problem at once', () => {
    expect(problemsOf(file('    batch_rows: 3000\n    key_column: [a]\n'))).toHaveLength(2);
  });

  it('that upserts without key columns says what to add', () => {
    expect(problemsOf(file('    load_mode: upsert\n'))[0]).toMatch(/key_columns: upsert needs key_columns/);
  });

  it('with an API pipeline needs a base_url', () => {
    const text = 'pipelines:\n  p: { source_type: api, endpoint: users, target_table: t }\n';
    expect(problemsOf(text)[0]).toMatch(/data_source.base_url: is needed by pipeline "p"/);
  });

  it('that is not YAML says where', () => {
    expect(problemsOf('pipelines: [\n')[0]).toMatch(/^etl.yaml:\d+:\d+: cannot be read/);
  });

  it('that names a pipeline twice is refused', () => {
    expect(problemsOf(`${file('')}  p: {}\n`)[0]).toMatch(/unique/);
  });

  it('without pipelines is refused', () => {
    expect(problemsOf('pipelines: {}\n')[0]).toMatch(/has no pipeline/);
    expect(problemsOf('')[0]).toMatch(/pipelines: is missing/);
  });
});
