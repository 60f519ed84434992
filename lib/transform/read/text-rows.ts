import { openDuckDb } from '../../duckdb/open-duckdb.ts';
import { quoteText } from '../../duckdb/quote.ts';

/**
 * The header of a CSV file (`skip` 0, alone) or the rows behind it, all values as texts; null where there is none.
 *
 * @param tempDir  for DuckDB; must exist
 */
export async function* csvRows(
  named: string,
  tempDir: string,
  delimiter: string,
  skip: 0 | 1,
): AsyncGenerator<readonly (string | null)[]> {
  const session = await openDuckDb({ allowedDirs: [], allowedFiles: [named], tempDir });
  try {
    const result = await session.connection.stream(
      `SELECT * FROM read_csv(${quoteText(named)}, delim = ${quoteText(delimiter)}, quote = '"', escape = '"',
         header = false, skip = ${skip}, all_varchar = true, allow_quoted_nulls = false, hive_partitioning = false,
         max_line_size = 16000000, sample_size = -1)${skip === 0 ? ' LIMIT 1' : ''}`,
    );
    for await (const chunk of result.yieldRowsJs())
      for (const row of chunk) yield row as unknown as readonly (string | null)[];
  } finally {
    session.close();
  }
}
