import type { DuckDbSession } from '../../duckdb/open-duckdb.ts';
import { quoteText } from '../../duckdb/quote.ts';
import { TooManyColumnsError } from '../errors.ts';
import { withoutLength } from '../infer/text-form.ts';
import { rowHash } from '../read/raw-file.ts';
import type { RawRows, WholeFile } from '../read/raw-rows.ts';
import type { TransformRequest } from '../request.ts';
import { checkRules, compileRules } from '../rules/compile-rules.ts';
import { ruleSeconds, runRules } from '../rules/rule-time.ts';
import { scratchParquet } from '../scratch-parquet.ts';
import { type ColumnPlan, planColumns } from './column-plan.ts';
import { type FinalColumn, finalColumns } from './final-columns.ts';
import { RejectReasons } from './reject-reasons.ts';
import { typedRows } from './typed-rows.ts';

/** Columns of a table in Aurora DSQL. */
const maxColumns = 255;

/** What the working file holds: a state for each row, and these columns. */
export interface CleanedFile {
  readonly planned: readonly ColumnPlan[];
  readonly finished: readonly FinalColumn[];
  readonly reasons: RejectReasons;
  /** The file holds the hashes of the raw rows too, in a column `h`. */
  readonly hashed: boolean;
}

/** Cleans rows that have been read, by rules and types, into the working file; in their order. */
export async function cleanInTwoPasses(
  session: DuckDbSession,
  request: TransformRequest,
  raw: RawRows,
  workingPath: string,
): Promise<CleanedFile> {
  requireRoom(raw.columns.length + 4);
  const planned = await planColumns(session, raw, request);
  return { ...(await write(session, request, { raw, planned, list: '* EXCLUDE (o)' }, workingPath)), hashed: false };
}

/** Rows whose values tell the types that the other rows have to prove. */
const firstRows = 20_000;

/**
 * Cleans the rows of a file in the pass that reads them, in place of writing them as they are, asking them all for their
 * types, and reading them again. The first rows tell the types, and the pass fails where a row proves one wrong.
 *
 * @throws where the types cannot be told so; or for what makes `cleanInTwoPasses` fail as well
 */
export async function cleanInOnePass(
  session: DuckDbSession,
  request: TransformRequest,
  { fields, names }: WholeFile,
  workingPath: string,
): Promise<CleanedFile> {
  requireRoom(names.length + 4);
  const columns = names.map((sourceName) => ({ sourceName, duckType: 'VARCHAR' }));
  const texts = names.map((_, i) => `${withoutLength(`c${i}`)} AS c${i}`).join(', ');
  await session.run(
    `CREATE TABLE first_row AS SELECT row_number() OVER () AS o, ${texts} FROM ${fields} LIMIT ${firstRows}`,
  );
  const [counted] = await session.rows('SELECT count(*) AS n FROM first_row');
  const first = { kind: 'text', columns, relation: 'first_row', rows: Number(counted?.n) } as const;
  const planned = await planColumns(session, first, request, { first: true }).finally(() =>
    session.run('DROP TABLE first_row'),
  );
  // Until the rows are written they have no ordinals; what stays with a row in their place is its hash.
  const relation = `(SELECT ${rowHash(columns.length)} AS o, * FROM ${fields})`;
  const raw = { ...first, relation };
  return {
    ...(await write(session, request, { raw, planned, list: 'o AS h, * EXCLUDE (o)' }, workingPath)),
    hashed: true,
  };
}

async function write(
  session: DuckDbSession,
  request: TransformRequest,
  rows: {
    readonly raw: Pick<RawRows, 'columns' | 'kind' | 'relation'>;
    readonly planned: readonly ColumnPlan[];
    /** What of `o`, `s` and the columns goes into the file. */
    readonly list: string;
  },
  workingPath: string,
): Promise<Omit<CleanedFile, 'hashed'>> {
  const { settings } = request;
  const { planned, raw } = rows;
  const reasons = new RejectReasons();
  if (planned.length === 0) {
    // Nothing to bind rules to; what can be said of them without columns is said.
    await checkRules(session, settings.name, settings.business_rules);
  }
  const typed = typedRows({ raw, columns: planned, blankText: settings.blank_text, reasons });
  const toRule = {
    pipeline: settings.name,
    rules: planned.length === 0 ? [] : settings.business_rules,
    relation: typed,
    columns: planned.map(({ id, name, sourceName, type }) => ({ id, name, sourceName, duckType: type.duck })),
  };
  const ruled = await compileRules(session, { ...toRule, reasons });
  const { columns: finished, relation } = finalColumns({ ruled, planned, request, reasons });
  // With `uuid_id`, `extracted_at` and the two times of the table.
  requireRoom(finished.length + 4);
  const bytes = request.raw.parts.reduce((sum, part) => sum + part.bytes, 0);
  await runRules(
    session,
    `COPY (SELECT ${rows.list} FROM ${relation}) TO ${quoteText(workingPath)} ${scratchParquet}`,
    toRule,
    ruleSeconds(settings.rule_timeout_seconds, bytes),
  );
  return { planned, finished, reasons };
}

/** `columns` counts the four of the service too. */
function requireRoom(columns: number): void {
  if (columns > maxColumns) throw new TooManyColumnsError({ columns, maximum: maxColumns });
}
