import { readFileSync } from 'node:fs';
import { globSync } from 'tinyglobby';
import { describe, expect, it } from 'vitest';
import { knownFailureCodes } from '../../functions/runtime/known-failures.ts';
import { codeRemedies, remedyOfCode, warningRemedies } from '../../lib/report/remedies/remedies.ts';
import type { Remedy } from '../../lib/report/remedies/remedy.ts';
import { type WarningKind, warningKindOf, warningKinds } from '../../lib/report/warning-kinds.ts';

const sources = new Map(
  globSync(['lib/**/*.ts', 'functions/**/*.ts'])
    .filter((file) => !file.includes('/remedies/'))
    .map((file) => [file, readFileSync(file, 'utf8')]),
);
const textOf = (file: string): string => sources.get(file) ?? '';

/** A warning of each kind, the file that makes it, and a part of its text that stands there as it is. */
const samples: Readonly<Record<WarningKind, readonly [text: string, file: string, part: string]>> = {
  rows_rejected: [
    '1,204 rows were rejected: id is empty (first: a.csv, row 3).',
    'lib/run/rejection-texts.ts',
    ' rejected`',
  ],
  rows_refused: [
    '1 row was refused by the database: value too long (first: a.csv, row 2).',
    'lib/run/rejection-texts.ts',
    ' refused by the database: ',
  ],
  empty_file: [
    'The file a.csv is empty and was passed over.',
    'lib/extract/file/extract-files.ts',
    ' is empty and was passed over.',
  ],
  object_not_read: ['s3://b/k.csv was not read: it is empty.', 'lib/run/gather-objects.ts', ' was not read: '],
  lists_skipped: [
    'The lists of for_each leave out what the API answered for with one of skip_statuses.',
    'lib/extract/api/partitions/list-partitions.ts',
    'The lists of for_each leave out what',
  ],
  parents_skipped: [
    'The rows of parents are left out for which the API answered with one of skip_statuses.',
    'lib/extract/api/read-children.ts',
    'The rows of parents are left out for which the API',
  ],
  error_in_response: [
    'GET https://x answered 200 and says by $.error that it is an error. Nothing of this page is loaded.',
    'lib/extract/api/page-errors.ts',
    ' that it is an error',
  ],
  names_left_out: [
    'The rows of GET https://x at $ are the members of an object, and their names are left out. Set record_name_column to keep them in a column.',
    'lib/extract/api/fetch-page.ts',
    ' are the members of an object, and their names are left out.',
  ],
  total_absent: [
    'GET https://x has no number at pagination.total_path, so whether all rows were read is not checked by it.',
    'lib/extract/api/fetch-page.ts',
    ' has no number at ${what}',
  ],
  total_shrank: [
    'The total of GET https://x went from 9 to 7 while its pages were read: rows that moved up may be missing.',
    'lib/extract/api/fetch-page.ts',
    ' while its pages were read',
  ],
  pages_unread: [
    'GET https://x has more. Set pagination; or max_pages where the rest is left out on purpose.',
    'lib/extract/api/fetch-page.ts',
    ' Set pagination; or max_pages where the rest is left out on purpose.',
  ],
  ahead_of_time: [
    'Rows have a updated_at after 2030-01-01T00:00:00Z, which is ahead of time. They are loaded, and do not move the watermark.',
    'lib/extract/incremental/scope.ts',
    ', which is ahead of time.',
  ],
  nanoseconds: [
    'at of the Parquet file may hold nanoseconds, of which microseconds are loaded.',
    'lib/transform/read/read-parquet.ts',
    ' of the Parquet file may hold nanoseconds',
  ],
  hot_key: [
    'Key column id of orders only grows, so all writes meet in one partition of its index. ',
    'lib/load/hot-key.ts',
    ' only grows, so all writes meet in one partition',
  ],
  range_adds_again: [
    '--from and --to read rows that may be in the table already, and without key_columns insert adds them again.',
    'lib/run/stages.ts',
    '--from and --to read rows that may be in the table already',
  ],
  new_column: [
    'The source has a new column x with values in 3 rows (first: a.csv, row 2); it is added as text.',
    'lib/transform/clean/drift.ts',
    'the source has a new column ',
  ],
  missing_column: [
    'The source has no column x, which the table has; each row gets its default.',
    'lib/transform/clean/drift.ts',
    'the source has no column ',
  ],
  column_left_out: [
    'The configuration leaves out the column x, which the table has; rows that exist keep their values, new ones have none.',
    'lib/transform/clean/drift.ts',
    'the configuration leaves out the column ',
  ],
  absent_name: [
    'Columns.x names the column x, which the source does not have.',
    'lib/transform/clean/drift.ts',
    ', which the source does not have',
  ],
  renamed_column: [
    'The column created_at of the source is loaded as source_created_at, for created_at is a column of the service.',
    'lib/transform/clean/drift.ts',
    ' is a column of the service.',
  ],
  other_type: [
    'columns declares x as integer, and the table has bigint: each value has to fit both.',
    'lib/transform/clean/drift.ts',
    ': each value has to fit both.',
  ],
};

/** Files that make warnings. Another one needs a kind for each, with a remedy. */
const makers = [
  'lib/extract/api/api-extraction.ts',
  'lib/extract/api/extract-api.ts',
  'lib/extract/api/fetch-page.ts',
  'lib/extract/api/follow-pages.ts',
  'lib/extract/api/partitions/list-partitions.ts',
  'lib/extract/api/read-children.ts',
  'lib/extract/file/extract-files.ts',
  'lib/load/hot-key.ts',
  'lib/run/gather-objects.ts',
  'lib/run/record.ts',
  'lib/run/stages.ts',
  'lib/transform/clean/clean-source.ts',
  'lib/transform/read/read-parquet.ts',
];

/** What both languages must say, and Japanese in its own letters. */
function check(key: string, en: Remedy | undefined, ja: Remedy | undefined): void {
  for (const part of ['means', 'todo'] as const) {
    expect(en?.[part], `${key}, ${part}, en`).toMatch(/^[A-Z`].*\.$/s);
    expect(ja?.[part], `${key}, ${part}, ja`).toMatch(/[ぁ-んァ-ヶ一-龯].*[。)]$/s);
  }
}

describe('remedies', () => {
  it('are there for every code that a run, a function or a command ends with, in both languages', () => {
    const codes = new Set(
      [...sources.values()].flatMap((text) =>
        [...text.matchAll(/readonly code(?:: string)? = '([a-z0-9_]+)'/g)].map(([, code]) => code ?? ''),
      ),
    );
    for (const code of [
      ...knownFailureCodes,
      'already_loaded',
      'already_running',
      'repeated_event',
      'interrupted',
      'abandoned',
    ]) {
      codes.add(code);
    }
    expect(codes.size).toBeGreaterThan(150);
    for (const code of codes) check(code, remedyOfCode('en', code), remedyOfCode('ja', code));
  });

  it('are there for every kind of warning, in both languages', () => {
    for (const kind of warningKinds) check(kind, warningRemedies.en[kind], warningRemedies.ja[kind]);
  });

  it('name no setting that the configuration does not have', () => {
    const schema = readFileSync('config.schema.json', 'utf8');
    const texts = [...Object.values(codeRemedies), ...Object.values(warningRemedies)].flatMap((some) =>
      Object.values(some as Readonly<Record<string, Remedy>>).flatMap(({ means, todo }) => [means, todo]),
    );
    const named = texts.flatMap((text) => [...text.matchAll(/`(?:[a-z_<>]+\.)*([a-z]+_[a-z_]+)(?::[^`]*)?`/g)]);
    expect(named.length).toBeGreaterThan(100);
    for (const [whole, setting = ''] of named) expect(schema, whole).toContain(`"${setting}"`);
  });
});

describe('a warning', () => {
  it('is known by its text, as its maker writes it', () => {
    for (const kind of warningKinds) {
      const [text, file, part] = samples[kind];
      expect(warningKindOf(text), text).toBe(kind);
      expect(textOf(file), `${file} still writes warnings of the kind ${kind}`).toContain(part);
    }
    expect(warningKindOf('Something that nobody writes.')).toBeUndefined();
  });

  it('is made in no other file', () => {
    const made = [...sources]
      .filter(([file]) => /^lib\/(extract|transform|load|run)\//.test(file))
      .filter(([, text]) =>
        /\bwarn\((?!warnings: readonly)|warnings\.push\(|warnings: \[[^\]]|function (warningsOf|\w+Warnings)\b|warnings: sayUnread/.test(
          text,
        ),
      )
      .map(([file]) => file);
    expect(made.sort()).toEqual(makers);
  });
});
