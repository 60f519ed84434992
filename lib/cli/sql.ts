import Table from 'cli-table3';
import { classifyFailure } from '../dsql/failure.ts';
import { jsonRows, type ValueRows, valueText } from '../dsql/json-rows.ts';
import type { ExitStatus } from './main.ts';
import { openTargetOf } from './target.ts';

export interface SqlOptions {
  readonly config?: string;
  readonly target?: string;
  readonly json?: boolean;
}

/** `etl sql`: one statement against the target; its rows on stdout, everything else on stderr. */
export async function sqlCommand(query: string, options: SqlOptions): Promise<ExitStatus> {
  const target = await openTargetOf(options);
  try {
    const rows = await target.sql.unsafe(query, [], { prepare: true }).values();
    if (options.json === true) {
      process.stdout.write(`${jsonRows(rows)}\n`);
    } else if ((rows.columns ?? []).length > 0) {
      printTable(rows);
    } else {
      process.stderr.write(`${rows.command}${rows.count === null ? '' : `, ${rows.count} rows`}\n`);
    }
    return 0;
  } catch (error) {
    const failure = classifyFailure(error);
    const hint =
      error instanceof Error && 'hint' in error && typeof error.hint === 'string' ? `\nHint: ${error.hint}` : '';
    process.stderr.write(`${failure.words}${failure.code === undefined ? '' : ` (${failure.code})`}${hint}\n`);
    return 1;
  } finally {
    await target.close();
  }
}

function printTable(rows: ValueRows): void {
  const columns = rows.columns ?? [];
  const table = new Table({ head: columns.map((column) => column.name), style: { head: [], border: [] } });
  for (const row of rows) {
    table.push(
      columns.map((column, index) => {
        const value = row[index];
        return value === null ? 'NULL' : String(valueText(value, column.type));
      }),
    );
  }
  process.stdout.write(`${table.toString()}\n${rows.length} ${rows.length === 1 ? 'row' : 'rows'}\n`);
}
