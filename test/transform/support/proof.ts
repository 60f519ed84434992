import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { type DuckDbSession, openDuckDb } from '../../../lib/duckdb/open-duckdb.ts';
import { quoteText } from '../../../lib/duckdb/quote.ts';
import { decimalOf } from '../../../lib/transform/infer/column-type.ts';
import { readInferred } from '../../../lib/transform/infer/fit.ts';
import { inferType } from '../../../lib/transform/infer/infer-type.ts';
import type { NumberStyle } from '../../../lib/transform/infer/number-text.ts';
import { type ColumnSurvey, proofOf, surveyColumns } from '../../../lib/transform/infer/survey.ts';

let folder: string;
let session: DuckDbSession;

/** Opens the DuckDB of `compare` for the tests of the file that calls this. */
export function useDuckDb(): void {
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'proof-'));
    session = await openDuckDb({ allowedDirs: [], tempDir: folder, threads: 1 });
  });
  afterAll(async () => {
    session.close();
    await rm(folder, { recursive: true, force: true });
  });
}

/** Values that look alike and are of different types, kind by kind. */
export const kinds: readonly (readonly string[])[] = [
  ['0', '7', '-7', '12', '007', '-0', '+5', ' 5', '5 ', '1_000', '9223372036854775807', '9223372036854775808', '1e3'],
  ['0.5', '1.50', '-1.50', '.5', '5.', '-0.00', '1.234', '12345678901234567.5', '123456789012345678901.25', '00.5'],
  ['1e3', '1.5e-7', 'NaN', 'nan', 'inf', '-Infinity', '0.1', '1e400', '1e30', '1000.0', '123456789.123456789e5'],
  ['true', 'false', 'TRUE', 'False', 't', 'yes', '1', '0'],
  ['2025-01-02', '0001-01-01', '9999-12-31', '2025-02-30', 'infinity', '-infinity', '0044-03-15 (BC)', '12345-01-01'],
  ['2025-01-02 03:04:05', '2025-01-02 03:04:05.6', '2025-01-02T03:04:05', '2025-01-02 03:04', '2025-01-02 25:00:00'],
  [
    '0044-03-15 (BC) 00:00:00',
    'infinity',
    '12345-01-01 00:00:00',
    '0000-01-01 00:00:00',
    '2025-01-02 03:04:05.1234567',
  ],
  ['2025-01-02 03:04:05+00', '2025-01-02T03:04:05Z', '2025-01-02 03:04:05+02:00', '2025-01-02 03:04:05 UTC'],
  ['6ba7b810-9dad-41d1-80b4-00c04fd430c8', '6BA7B810-9DAD-41D1-80B4-00C04FD430C8', '6ba7b8109dad41d180b400c04fd430c8'],
  [`0.5${'0'.repeat(1_100)}`, '0.5', `03/04/2025${' '.repeat(1_100)}`, '03/04/2025', `7${'0'.repeat(1_100)}`],
  ['1,5', '1.234,5', '1.234.567', '12.34'],
  ['03/04/2025', '13/04/2025', '03-04-2025', '3/4/2025'],
  ['', ' ', '\t', 'x', 'null'],
];

export interface Case {
  /** What the first rows have, and what those behind them have. */
  readonly first: readonly (string | null)[];
  readonly others: readonly (string | null)[];
  readonly numbers: NumberStyle;
  readonly dateFormat: string | undefined;
}

async function surveyOf(rows: number, { dateFormat, numbers }: Case): Promise<ColumnSurvey> {
  const relation = `(SELECT * FROM given WHERE o <= ${rows})`;
  const surveys = await surveyColumns(session, {
    kind: 'text',
    relation,
    rows,
    columns: [0],
    numbers,
    dateFormat: () => dateFormat,
  });
  return surveys.get(0) as ColumnSurvey;
}

/** Whether the first rows' type was proven, and what it and the type of all rows are. */
export async function compare(
  given: Case,
): Promise<{ readonly proven: boolean; readonly first: unknown; readonly all: unknown }> {
  const { dateFormat, first, numbers, others } = given;
  const values = [...first, ...others].map((value, i) => `(${i + 1}, ${value === null ? 'NULL' : quoteText(value)})`);
  await session.run(
    `CREATE OR REPLACE TABLE given AS SELECT o::BIGINT AS o, c0::VARCHAR AS c0 FROM (VALUES ${values.join(', ')}) v(o, c0)`,
  );
  const survey = await surveyOf(first.length, given);
  const { type } = inferType(survey, dateFormat);
  const all = inferType(await surveyOf(first.length + others.length, given), dateFormat).type;
  const proof = proofOf({ dateFormat: () => dateFormat, numbers }, 0, survey, decimalOf(type.duck)?.digits);
  if (proof === undefined) return { proven: false, first: type, all };
  const value = readInferred('t0', type, {
    numbers,
    dateFormat: survey.holds === 'formatted' ? dateFormat : undefined,
  });
  const [row] = await session.rows(
    `SELECT bool_and(${proof}) AS proven FROM (SELECT *, ${value} AS v0 FROM (SELECT c0 AS t0 FROM given))`,
  );
  return { proven: row?.proven === true, first: type, all };
}
