import type { Target } from '../dsql/target.ts';
import { quoteName } from '../duckdb/quote.ts';
import type { Plan } from '../manifest.ts';
import type { ChunkReader } from '../transform-result.ts';
import { withSession } from './chunk-session.ts';
import { type TargetTable, tableText } from './target-table.ts';

export interface HotKeyRequest {
  readonly table: TargetTable;
  readonly plan: Plan;
  readonly reader: ChunkReader;
  readonly keyColumns: readonly string[];
  readonly scratchDir: string;
  readonly target: Pick<Target, 'retry'>;
  readonly pipelineName: string;
}

/** Fewer rows than this do not heat a partition. */
const enoughRows = 10_000;

/** Types whose values come in ever greater order when they count or tell the time. */
const ordered = /^(smallint|integer|bigint|numeric|date|timestamp)/;

/**
 * Warns when every write would go to the end of one key range: DSQL splits tables by key, and a leading key column that
 * only grows keeps one partition hot (p99 of COMMIT in seconds where others take 50 ms, by the migration toolkit's tests).
 */
export async function hotKeyWarnings(request: HotKeyRequest): Promise<readonly string[]> {
  const { keyColumns, plan, table } = request;
  const leading = new Set([...(table.ours ? [] : table.uniqueKeys.map((key) => key[0])), keyColumns[0]]);
  const suspects = plan.columns.filter((column) => leading.has(column.name) && ordered.test(column.type));
  if (suspects.length === 0 || plan.counts.rows_clean < enoughRows) return [];
  const { relation } = await request.reader.chunk(0);
  return await withSession(request, request.reader, async (session) => {
    const warnings: string[] = [];
    for (const column of suspects) {
      const name = quoteName(column.name);
      const [found] = await session.rows(`
        SELECT bool_and(growing) AS monotonic FROM (
          SELECT ${name} > lag(${name}) OVER () AS growing FROM ${relation})`);
      if (found?.monotonic === true) {
        warnings.push(
          `Key column ${column.name} of ${tableText(table.name)} only grows, so all writes meet in one partition of its index. ` +
            'If loads get slow, put a column of many values before it in key_columns.',
        );
      }
    }
    return warnings;
  });
}
