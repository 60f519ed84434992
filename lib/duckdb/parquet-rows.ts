import { quoteText } from './quote.ts';

/**
 * A SQL table function that reads a Parquet file as what it holds. DuckDB would otherwise take a folder of its path that
 * is named like `key=value` for a column, in place of one that the file has.
 */
export function parquetRows(path: string, { rowNumbers = false }: { readonly rowNumbers?: boolean } = {}): string {
  return `read_parquet(${quoteText(path)}, hive_partitioning = false${rowNumbers ? ', file_row_number = true' : ''})`;
}
