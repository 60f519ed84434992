import { quoteText } from './quote.ts';

/**
 * A SQL table function that reads a Parquet file, or some with the same columns, as what they hold. DuckDB would otherwise take a folder of its path that
 * is named like `key=value` for a column, in place of one that the file has.
 */
export function parquetRows(
  path: string | readonly string[],
  { rowNumbers = false }: { readonly rowNumbers?: boolean } = {},
): string {
  const files = typeof path === 'string' ? quoteText(path) : `[${path.map(quoteText).join(', ')}]`;
  return `read_parquet(${files}, hive_partitioning = false${rowNumbers ? ', file_row_number = true' : ''})`;
}
