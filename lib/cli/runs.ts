import { isoTimestamp, jsonRows, timestamptz } from '../dsql/json-rows.ts';
import { configOption, jsonOption, type RegisterCommand, targetOption } from './command.ts';
import { type ExitStatus, InvalidOptionError } from './exit-status.ts';

interface RunsOptions {
  readonly config?: string | undefined;
  readonly target?: string | undefined;
  readonly limit: string;
  readonly json?: boolean | undefined;
}

/** `etl runs`: the execution log, newest first. */
export const registerRuns: RegisterCommand = (program, end) => {
  program
    .command('runs')
    .description('show the execution log, newest first')
    .argument('[pipeline]', 'only the runs of this pipeline')
    .addOption(configOption())
    .addOption(targetOption())
    .option('-n, --limit <number>', 'runs to show', '50')
    .addOption(jsonOption())
    .action(async (pipeline: string | undefined, options: RunsOptions) => end(await showRuns(pipeline, options)));
};

async function showRuns(pipeline: string | undefined, options: RunsOptions): Promise<ExitStatus> {
  if (!/^[1-9]\d{0,5}$/.test(options.limit)) throw new InvalidOptionError('--limit', options.limit, 'a number from 1');
  const [{ default: Table }, { openTargetOf }, { ensureServiceTables }] = await Promise.all([
    import('cli-table3'),
    import('./target.ts'),
    import('../state/service-tables.ts'),
  ]);
  const target = await openTargetOf(options);
  try {
    await ensureServiceTables(target);
    const rows = await target.sql`
      SELECT * FROM public.etl_execution_log
       WHERE ${pipeline ?? null}::text::text IS NULL OR pipeline_name = ${pipeline ?? null}
       ORDER BY start_time DESC, run_id LIMIT ${Number(options.limit)}`;
    if (options.json === true) {
      const { columns } = rows;
      const values = rows.map((row) => columns.map(({ name }): unknown => row[name]));
      process.stdout.write(`${jsonRows(Object.assign(values, { columns }))}\n`);
      return 0;
    }
    if (rows.length === 0) {
      process.stdout.write('No runs yet.\n');
      return 0;
    }
    const table = new Table({
      head: [
        'started',
        'pipeline',
        'status',
        'read',
        'filtered',
        'duplicates',
        'rejected',
        'loaded',
        'seconds',
        'run',
        'message',
      ],
      style: { head: [], border: [] },
      colWidths: [null, null, null, null, null, null, null, null, null, null, 60],
      wordWrap: true,
    });
    for (const row of rows) {
      table.push(
        [
          isoTimestamp(String(row.start_time), timestamptz).replace(/\.\d+/, ''),
          row.pipeline_name,
          row.status,
          row.rows_read,
          row.rows_filtered,
          row.rows_deduplicated,
          row.rows_rejected,
          row.rows_loaded,
          row.execution_time_seconds,
          row.run_id,
          row.error_message,
        ].map((cell) => (cell === null || cell === undefined ? '' : String(cell))),
      );
    }
    process.stdout.write(`${table.toString()}\n`);
    return 0;
  } finally {
    await target.close();
  }
}
