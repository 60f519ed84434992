import type { DuckDbSession } from '../../duckdb/open-duckdb.ts';
import { quoteText } from '../../duckdb/quote.ts';
import { serviceColumns } from '../../service-columns.ts';
import type { RawRows } from '../read/raw-rows.ts';
import type { TransformRequest } from '../request.ts';
import { checkRules, compileRules } from '../rules/compile-rules.ts';
import type { LookupTable } from '../rules/lookup-table.ts';
import { keepMaskKeys } from '../rules/mask-keys.ts';
import { ruleSeconds, runRules } from '../rules/rule-time.ts';
import { scratchGroupRows, scratchParquet } from '../scratch-parquet.ts';
import { type ColumnPlan, numberStyle } from './column-plan.ts';
import { type FinalColumn, finalColumns } from './final-columns.ts';
import { RejectReasons } from './reject-reasons.ts';
import { requireRoom } from './require-room.ts';
import { typedRows } from './typed-rows.ts';

/** What the working file holds: a state for each row, and these columns. */
export interface WorkingRows {
  readonly columns: readonly FinalColumn[];
  readonly reasons: RejectReasons;
  /** Rows of a row group of the file. */
  readonly groupRows: number;
}

/** Types the rows, computes the rules, and writes the working file in the order of the rows. */
export async function writeWorkingRows(
  session: DuckDbSession,
  request: TransformRequest,
  rows: {
    readonly raw: Pick<RawRows, 'columns' | 'kind' | 'problems' | 'relation' | 'rows'>;
    readonly planned: readonly ColumnPlan[];
    /** What lookup rules find their values in. */
    readonly lookups?: ReadonlyMap<number, LookupTable> | undefined;
    /** What of `o`, `s` and the columns goes into the file. */
    readonly list: string;
    /** Of a row, about, where it is known. */
    readonly rowBytes?: number | undefined;
  },
  workingPath: string,
): Promise<WorkingRows> {
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
    columns: planned.map(({ id, name, sourceName, type, undecided }) => ({
      id,
      name,
      sourceName,
      duckType: type.duck,
      undecided,
    })),
    rows: raw.rows,
    numbers: numberStyle(request),
    lookups: rows.lookups ?? new Map(),
  };
  await keepMaskKeys(session, request.maskKeys ?? new Map());
  const ruled = await compileRules(session, { ...toRule, reasons });
  const { columns, relation } = finalColumns({ ruled, planned, request, reasons });
  requireRoom(columns.filter(({ drop }) => !drop).length + serviceColumns.length);
  const bytes = request.raw.parts.reduce((sum, part) => sum + part.bytes, 0);
  await runRules(
    session,
    `COPY (SELECT ${rows.list} FROM ${relation}${toRule.lookups.size === 0 ? '' : ' ORDER BY o'}) TO ${quoteText(workingPath)} ${scratchParquet(rows.rowBytes)}`,
    toRule,
    ruleSeconds(settings.rule_timeout_seconds, bytes),
  );
  return { columns, reasons, groupRows: scratchGroupRows(rows.rowBytes) };
}
