import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../lib/config/read-config.ts';
import { contentOfStage } from '../../lib/config/stages.ts';

const text = `data_source: { base_url: https://dev.example.com, auth: { type: bearer, token: { env: TOKEN } } }
pipelines:
  users:
    source_type: api
    endpoint: users
    params: { limit: 10, env: dev }
    target_table: users
    key_columns: [user_id]
    schedule: { rate: 1 hour }
  fresh: { source_type: file, file_path: a.csv, target_table: fresh }
deploy: { load_concurrency: 2, notify: { emails: [dev@example.com] } }
stages:
  dev:
    pipelines: { users: { schedule: null } }
  prod:
    aurora_dsql: { user: loader }
    data_source: { base_url: https://example.com, auth: { token: { secret: api, key: token } } }
    pipelines:
      users: { params: { env: prod }, key_columns: [user_id, region] }
      extra: { source_type: file, file_path: s3://b/x.csv, target_table: extra, schedule: null }
      fresh: { source_type: api, endpoint: fresh, target_table: fresh }
    deploy: { notify: { emails: [a@example.com, b@example.com] } }
`;

describe('a stage', () => {
  it('is merged key by key; lists, single values, secrets and other types take the place of what was there', () => {
    const prod = parseConfig(text, 'etl.yaml', 'prod');
    expect(prod.data_source).toMatchObject({
      base_url: 'https://example.com',
      auth: { type: 'bearer', token: { secret: 'api', key: 'token' } },
    });
    expect(prod.pipelines.users).toMatchObject({
      params: { limit: 10, env: 'prod' },
      key_columns: ['user_id', 'region'],
      schedule: { rate: '1 hour' },
    });
    expect(prod.pipelines.fresh).not.toHaveProperty('file_path');
    expect(prod.pipelines.extra).not.toHaveProperty('schedule');
    expect(prod.deploy).toMatchObject({ load_concurrency: 2, notify: { emails: ['a@example.com', 'b@example.com'] } });
    expect(prod.aurora_dsql.user).toBe('loader');
    expect(prod).not.toHaveProperty('stages');
  });

  it('takes away what it says is null, and none of it is in a configuration without a stage', () => {
    expect(parseConfig(text, 'etl.yaml', 'dev').pipelines.users).not.toHaveProperty('schedule');
    const plain = parseConfig(text, 'etl.yaml');
    expect(plain.pipelines.users).toHaveProperty('schedule');
    expect(Object.keys(plain.pipelines)).toEqual(['users', 'fresh']);
    expect(plain).not.toHaveProperty('stages');
  });

  it('that is not there is refused with the nearest name, where the configuration has stages', () => {
    expect(() => parseConfig(text, 'etl.yaml', 'prd')).toThrow(
      /etl.yaml:12:\d+: stages: has no stage "prd", only dev, prod. Did you mean "prod"\? Add prd: \{\}/,
    );
    const none = 'pipelines: { a: { source_type: file, file_path: a.csv, target_table: a } }';
    expect(parseConfig(none, 'etl.yaml', 'anything').pipelines.a).toBeDefined();
  });

  it('has its mistakes named where they are written, and those of the rest where those are', () => {
    const wrong =
      (from: string, to: string): unknown =>
      () =>
        parseConfig(text.replace(from, to), 'etl.yaml', 'prod');
    expect(wrong('{ params: { env: prod }, key', '{ parms: { env: prod }, key')).toThrow(
      /^etl.yaml:19:16: stages.prod.pipelines.users.parms: unknown key. Did you mean "params"\?$/,
    );
    expect(wrong('load_concurrency: 2', 'load_concurrency: 999')).toThrow(
      /^etl.yaml:11:\d+: deploy.load_concurrency: /,
    );
    expect(wrong('target_table: extra, ', '')).toThrow(
      /^etl.yaml:20:\d+: stages.prod.pipelines.extra.target_table: is missing/,
    );
    expect(wrong('    aurora_dsql:', '    aurora_dsq:')).toThrow(
      /^etl.yaml:16:5: stages.prod.aurora_dsq: unknown key. Did you mean "aurora_dsql"\?$/,
    );
  });

  it('says the rest where it says nothing, and itself where it says everything', () => {
    const content = fc.dictionary(
      fc.constantFrom('aurora_dsql', 'data_source', 'deploy', 'pipelines'),
      fc.letrec((tie) => ({
        value: fc.oneof(
          { maxDepth: 3 },
          fc.integer(),
          fc.string(),
          fc.array(fc.integer(), { maxLength: 2 }),
          fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd'), tie('value'), { noNullPrototype: true }),
        ),
      })).value,
      { noNullPrototype: true },
    );
    fc.assert(
      fc.property(content, content, (rest, over) => {
        const merged = (base: object, part: object) => {
          const { stages: _, ...value } = contentOfStage({ ...base, stages: { x: part } }, 'x').value as {
            stages: unknown;
          };
          return value;
        };
        expect(merged(rest, {})).toEqual(rest);
        expect(merged({}, over)).toEqual(over);
        expect(merged(rest, rest)).toEqual(rest);
        const once = merged(rest, over);
        expect(merged(once, over)).toEqual(once);
      }),
    );
  });
});
