import type { DuckDbSession } from '../../duckdb/open-duckdb.ts';
import type { CsvScan } from './csv-scan.ts';
import type { UnreadableRows } from './unreadable-rows.ts';

/** What reading parts needs besides the parts. */
export interface ReadContext {
  readonly session: DuckDbSession;
  readonly scratchDir: string;
  readonly unreadable: UnreadableRows;
  readonly signal?: AbortSignal | undefined;
  /** What is known of the bytes of the only part already. */
  readonly scanned?: CsvScan | undefined;
}
