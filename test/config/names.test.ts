import { describe, expect, it } from 'vitest';
import { InvalidConfigError } from '../../lib/config/errors.ts';
import { parseConfig } from '../../lib/config/read-config.ts';
import { ddlLeaseName } from '../../lib/load/change-table.ts';
import { ddlLeasePrefix, serviceTableNames } from '../../lib/service-names.ts';
import { serviceTables } from '../../lib/state/service-tables.ts';

function problemsOf(text: string): string {
  try {
    parseConfig(text, 'etl.yaml');
    return '';
  } catch (error) {
    if (!(error instanceof InvalidConfigError)) throw error;
    return error.message;
  }
}

const pipeline = (settings: string, name = 'p'): string =>
  `pipelines:\n  ${name}: {source_type: file, file_path: a.csv, target_table: t, ${settings}}\n`;
const table = (name: string): string =>
  `pipelines:\n  p: {source_type: file, file_path: a.csv, target_table: ${name}}\n`;

describe('a configuration is refused with the place and the reason', () => {
  const bomb = [
    'a: &a [x,x,x,x,x,x,x,x,x,x]',
    ...[...'bcdefgh'].map((name, at) => `${name}: &${name} [${Array(10).fill(`*${'abcdefg'[at]}`).join(',')}]`),
  ].join('\n');

  it.each<[string, string, RegExp]>([
    ['with aliases that multiply', `${bomb}\n${table('t')}`, /^etl\.yaml: has aliases .* more than 100 copies/],
    ['nested beyond reason', `a: ${'['.repeat(20_000)}`, /^etl\.yaml:1:\d+: cannot be read: it is nested too deeply/],
    ['with an alias of nothing', `a: *b\n${table('t')}`, /^etl\.yaml.*cannot be read: .*alias/i],
    [
      'with a key column twice',
      pipeline('key_columns: [id, id]'),
      /2:.*pipelines\.p\.key_columns: names the column id twice/,
    ],
    [
      'with an index of a column twice',
      pipeline('indexes: [[a], {columns: [b, b]}]'),
      /p\.indexes\[1\]: names the column b twice/,
    ],
    ['with a NUL in the table', table('"a\\0b"'), /2:.*target_table: has a NUL character/],
    [
      'with a NUL in the name of a pipeline',
      pipeline('', '"a\\0b"'),
      /pipelines: has a key with a NUL character \("a\\u0000b"\)/,
    ],
    ['with a NUL in a new name', pipeline('rename: {id: "a\\0"}'), /rename\.id: has a NUL character/],
    [
      'with a NUL in a rule',
      pipeline('business_rules: [{type: filter, condition: "a = \'\\0\'"}]'),
      /condition: has a NUL/,
    ],
    ['with a pipeline named __proto__', pipeline('', '__proto__'), /pipelines: cannot have the key __proto__/],
    [
      'with a parameter named __proto__',
      `data_source: {headers: {__proto__: a}}\n${table('t')}`,
      /headers: cannot have the key __proto__/,
    ],
    [
      'with a schema of the database',
      table('pg_catalog.pg_class'),
      /target_table: pg_catalog is a schema of the database itself/,
    ],
    [
      'with the name of a lease',
      pipeline('', '"ddl public.t"'),
      /pipelines\.ddl public\.t: names of pipelines cannot begin with "ddl "/,
    ],
    ...serviceTableNames.flatMap((name): [string, string, RegExp][] => [
      [
        `with the target ${name}`,
        table(name),
        new RegExp(`target_table: ${name} is a table that the service itself keeps`),
      ],
      [`with the target public.${name}`, table(`public.${name}`), /the service itself keeps/],
    ]),
  ])('%s', (_name, text, message) => {
    expect(problemsOf(text)).toMatch(message);
  });

  it('and a table of the same name in another schema is not', () => {
    expect(problemsOf(table('mine.etl_state'))).toBe('');
  });

  it.each(['constructor', 'toString', 'hasOwnProperty', 'valueOf'])(
    'and a pipeline named %s is one like another',
    (name) => {
      expect(Object.keys(parseConfig(pipeline('', name), 'etl.yaml').pipelines)).toEqual([name]);
      expect(problemsOf(pipeline(`${name}: 1`))).toContain('unknown key');
    },
  );
});

it('the names of the service are those it really uses', () => {
  expect([...serviceTableNames].sort()).toEqual(serviceTables.map(({ name }) => name).sort());
  expect(ddlLeaseName({ schema: 'public', table: 't' }).startsWith(ddlLeasePrefix)).toBe(true);
});
