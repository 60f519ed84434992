import type { Target } from '../dsql/target.ts';
import type { DuckDbSession } from '../duckdb/open-duckdb.ts';
import { quoteText } from '../duckdb/quote.ts';
import { type Fence, fenced } from '../state/fence.ts';
import { insertRejectedGroup } from '../state/rejected-row.ts';

/** A row's JSON above this many bytes is cut; a jsonb value may have 1 MiB in DSQL, and the whole row stays in the run's files. */
const maxRowJsonBytes = 900_000;
const keptTextCharacters = 100_000;

/** Bytes of one transaction of rejected rows at most. */
const groupBytes = 4 * 1024 * 1024;
const groupRows = 1_000;

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
  target: Pick<Target, 'sql' | 'retry'>,
  fence: Fence,
  session: DuckDbSession,
  file: RejectedFile,
  run: { readonly runId: string; readonly pipelineName: string },
): Promise<void> {
  const seed = quoteText(`${run.runId}\n${file.name}\n`);
  const groups = await session.rows(`
    WITH lines AS (
      SELECT line, row_number() OVER () AS n
        FROM read_csv(${quoteText(file.path)}, columns = {'line': 'VARCHAR'}, delim = '\x01', quote = '', escape = '',
                      header = false, auto_detect = false, hive_partitioning = false, max_line_size = 64000000, buffer_size = 128000000, strict_mode = false)
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
  for (const { ids, lines } of groups) {
    await fenced('Writing rejected rows', target, fence, (transaction) =>
      insertRejectedGroup(transaction, run, { ids: String(ids), lines: String(lines) }),
    );
  }
}
