import { classifyFailure } from '../dsql/failure.ts';
import { jsonRows, type ValueRows, valueText } from '../dsql/json-rows.ts';
import { configOption, jsonOption, type RegisterCommand, stageOption, targetOption } from './command.ts';
import type { ExitStatus } from './exit-status.ts';

interface SqlOptions {
  readonly config?: string | undefined;
  readonly stage?: string | undefined;
  readonly target?: string | undefined;
  readonly json?: boolean | undefined;
}

/** `etl sql`: one statement against the target; its rows on stdout, everything else on stderr. */
export const registerSql: RegisterCommand = (program, end) => {
  program
    .command('sql')
    .description('run one SQL statement against the target and print the rows')
    .argument('<query>', 'the statement')
    .addOption(configOption())
    .addOption(stageOption())
    .addOption(targetOption())
    .addOption(jsonOption())
    .action(async (query: string, options: SqlOptions) => end(await runStatement(query, options)));
};

async function runStatement(query: string, options: SqlOptions): Promise<ExitStatus> {
  const { openTargetOf } = await import('./target.ts');
  const target = await openTargetOf(options);
  try {
    const rows = await target.sql.values(query);
    if (options.json === true) {
      process.stdout.write(`${jsonRows(rows)}\n`);
    } else if (rows.columns.length > 0) {
      await printTable(rows);
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

async function printTable(rows: ValueRows): Promise<void> {
  const { default: Table } = await import('cli-table3');
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
