import { createHash } from 'node:crypto';
import type { Sql, Transaction } from '../dsql/connect.ts';
import { type RetryContext, withRetries } from '../dsql/retry.ts';
import type { DuckDbSession } from '../duckdb/open-duckdb.ts';
import { quoteText } from '../duckdb/quote.ts';
import { arrayLiteral } from './array-literal.ts';

/** A row's JSON above this many bytes is cut; a jsonb value may have 1 MiB in DSQL, and the whole row stays in the run's files. */
const maxRowJsonBytes = 900_000;
const keptTextCharacters = 100_000;

/** Bytes of one transaction of rejected rows at most. */
const groupBytes = 4 * 1024 * 1024;
const groupRows = 1_000;

export interface RefusedRows {
  readonly runId: string;
  readonly pipelineName: string;
  readonly chunk: number;
  readonly columnName: string | null;
  /** The database's own words. */
  readonly reason: string;
  /** Rows by their number in the chunk, which with run and chunk identifies them, as JSON objects. */
  readonly rows: readonly { readonly row: number; readonly json: string }[];
}

/** Keeps rows that the database refused; the transaction's owner writes the ledger. Safe to repeat. */
export async function insertRefusedRows(transaction: Transaction, refused: RefusedRows): Promise<void> {
  const places = refused.rows.map(({ row }) => `chunk ${refused.chunk} row ${row}`);
  const ids = places.map((place) => uuidOf(`${refused.runId}\n${place}`));
  await transaction`
    INSERT INTO public.etl_rejected_row (rejected_id, run_id, pipeline_name, source, column_name, reason, row)
    SELECT unnest(${arrayLiteral(ids)}::text::uuid[]), ${refused.runId}, ${refused.pipelineName},
           unnest(${arrayLiteral(places)}::text::text[]), ${refused.columnName}, ${refused.reason},
           unnest(${arrayLiteral(refused.rows.map(({ json }) => json))}::text::jsonb[])
    ON CONFLICT (rejected_id) DO NOTHING`;
}

export interface RejectedFile {
  /** Local path of an NDJSON file of `RejectedRow`. */
  readonly path: string;
  /** Its name in the run; part of the rejected rows' identity. */
  readonly name: string;
}

/**
 * Writes a file of rejected rows into `etl_rejected_row`. The lines cross as JSON text and are taken apart by the
 * database, so numbers stay exact. Safe to repeat: the ids derive from run, file and line.
 *
 * What JSON can say and PostgreSQL cannot keep is escaped once more: `\u0000` is stored as the six characters.
 */
export async function writeRejectedFile(
  sql: Sql,
  session: DuckDbSession,
  file: RejectedFile,
  run: { readonly runId: string; readonly pipelineName: string },
  retry: RetryContext,
): Promise<void> {
  const seed = quoteText(`${run.runId}\n${file.name}\n`);
  const groups = await session.rows(`
    WITH lines AS (
      SELECT line, row_number() OVER () AS n
        FROM read_csv(${quoteText(file.path)}, columns = {'line': 'VARCHAR'}, delim = '\x01', quote = '', escape = '',
                      header = false, auto_detect = false, max_line_size = 64000000, buffer_size = 128000000, strict_mode = false)
    ), storable AS (
      SELECT n, CASE WHEN strlen(line) > ${maxRowJsonBytes}
                     THEN CAST(json_object('source', line->>'source', 'row_number', (line->>'row_number')::BIGINT,
                                           'column_name', line->>'column_name', 'reason', line->>'reason',
                                           'row', json_object('truncated', true, 'raw', left(line, ${keptTextCharacters}))) AS VARCHAR)
                     ELSE line END AS line
        FROM lines
    ), escaped AS (
      SELECT n, replace(replace(replace(line, '\\\\', chr(1)), '\\u0000', '\\\\u0000'), chr(1), '\\\\') AS line,
             sum(strlen(line)) OVER (ORDER BY n ROWS UNBOUNDED PRECEDING) AS total
        FROM storable
    )
    SELECT '{' || string_agg(md5(${seed} || n), ',' ORDER BY n) || '}' AS ids,
           '{' || string_agg('"' || replace(replace(line, '\\', '\\\\'), '"', '\\"') || '"', ',' ORDER BY n) || '}' AS lines
      FROM escaped GROUP BY total // ${groupBytes}, n // ${groupRows} ORDER BY min(n)`);
  for (const group of groups) {
    await withRetries('Writing rejected rows', retry, async () => {
      await sql`
        INSERT INTO public.etl_rejected_row
               (rejected_id, run_id, pipeline_name, source, row_number, column_name, reason, row)
        SELECT id, ${run.runId}, ${run.pipelineName}, line->>'source', (line->>'row_number')::bigint,
               line->>'column_name', line->>'reason', line->'row'
          FROM unnest(${String(group.ids)}::text::uuid[], ${String(group.lines)}::text::jsonb[]) AS given (id, line)
        ON CONFLICT (rejected_id) DO NOTHING`;
    });
  }
}

/** A UUID that derives from a text: the same text, the same id. */
function uuidOf(text: string): string {
  return createHash('md5')
    .update(text)
    .digest('hex')
    .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
