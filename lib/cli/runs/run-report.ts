import type { Sql } from '../../dsql/connect.ts';
import type { RunReport } from '../../report/run-report.ts';
import type { RunDetails } from '../../run/run-details.ts';
import { ensureServiceTables } from '../../state/service-tables.ts';
import type { ExitStatus } from '../exit-status.ts';
import { explodedLine } from '../exploded-line.ts';
import { ruleLine } from '../rule-line.ts';
import { openTargetOf } from '../target.ts';
import { duration, listLines } from '../terminal-text.ts';

/** Opens the target for a command that reads the log, and closes it. */
export async function withLog(
  options: Parameters<typeof openTargetOf>[0],
  work: (sql: Sql) => Promise<ExitStatus>,
): Promise<ExitStatus> {
  const target = await openTargetOf(options);
  try {
    await ensureServiceTables(target);
    return await work(target.sql);
  } finally {
    await target.close();
  }
}

const number = (value: string | null): string => Number(value ?? 0).toLocaleString('en');

/** A report as lines for a person. */
export function describeReport(report: RunReport): readonly string[] {
  const { details, next, run } = report;
  return [
    ...headLines(report),
    ...section(
      'Stages',
      (details?.stages ?? []).map(({ seconds, stage }) => `${stage.padEnd(10)}${duration(seconds)}`),
    ),
    ...section('Plan', planLines(report)),
    ...section('Columns', columnLines(details)),
    ...section('Since the success before', report.drift.map(driftLine)),
    ...section('Elements', details?.exploded === undefined ? [] : [explodedLine(details.exploded)]),
    ...section('Rules', (details?.rules ?? []).map(ruleLine)),
    ...section('Rejected rows', rejectedLines(report)),
    ...section(
      'DDL',
      (details?.ddl ?? []).flatMap((text) => `${text};`.split('\n')),
    ),
    ...section('Sources', sourceLines(details)),
    ...section('Warnings', run.warnings?.split('\n') ?? []),
    ...section('Next', next),
  ];
}

function section(title: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : ['', title, ...lines.map((line) => `  ${line}`)];
}

function headLines({ batches, firstBatch, lastBatch, run }: RunReport): readonly string[] {
  const kind =
    run.kind === null || run.kind === 'load'
      ? ''
      : ` (${run.kind}${run.of_run === null ? '' : ` of run ${run.of_run}`})`;
  const took = run.execution_time_seconds === null ? '' : `, took ${duration(Number(run.execution_time_seconds))}`;
  const counts =
    run.rows_read === null
      ? []
      : [
          `${number(run.rows_read)} read = ${number(run.rows_filtered)} filtered + ${number(run.rows_deduplicated)} deduplicated + ${number(run.rows_rejected)} rejected + ${number(run.rows_loaded)} loaded`,
          `${number(run.rows_inserted)} inserted, ${number(run.rows_updated)} updated, ${number(run.rows_unchanged)} unchanged, ${number(run.rows_deleted)} deleted; ${number(run.bytes_read)} bytes read, ${number(run.conflict_retries)} conflicts retried`,
        ];
  return [
    `Run ${run.run_id ?? ''}: ${run.pipeline_name ?? ''} → ${run.target_table ?? ''}, ${run.status ?? ''}${kind}`,
    `  began ${run.start_time ?? ''}${took}; started by ${run.trigger ?? ''}${run.load_mode === null ? '' : `; ${run.load_mode}`}`,
    ...(run.error_message === null
      ? []
      : [`  ${run.stage === null ? '' : `in ${run.stage}: `}${run.error_message} (${run.error_code ?? ''})`]),
    ...counts.map((line) => `  ${line}`),
    ...(batches === 0
      ? []
      : [`  ${batches.toLocaleString('en')} batches, from ${firstBatch ?? ''} to ${lastBatch ?? ''}`]),
    ...(run.verified === null ? [] : [`  verified ${run.verified}`]),
  ];
}

/** How the rows were cut and identified; the fingerprint is the same for the same configuration. */
function planLines({ details, run }: RunReport): readonly string[] {
  if (details === undefined || details.columns.length === 0) return [];
  const keys = details.key_columns.length === 0 ? 'no key columns' : `key columns ${details.key_columns.join(', ')}`;
  const chunks = `${details.chunks.toLocaleString('en')} ${details.chunks === 1 ? 'chunk' : 'chunks'}`;
  return [`${chunks}, ${keys}, fingerprint ${run.plan_fingerprint?.slice(0, 12) ?? 'unknown'}`];
}

function driftLine({ after, before, column }: RunReport['drift'][number]): string {
  if (before === null) return `+ ${column} ${after ?? ''}`;
  return after === null ? `- ${column} ${before}` : `~ ${column} ${before} → ${after}`;
}

function columnLines(details: RunDetails | undefined): readonly string[] {
  if (details === undefined || details.columns.length === 0) return [];
  const rows = details.columns.map(({ evidence, name, source_name: source, type }) => [
    name,
    type,
    `${source === undefined || source === name ? '' : `from "${source}"; `}${evidence ?? ''}`,
  ]);
  return listLines([{ head: 'column' }, { head: 'type' }, { head: 'why' }], rows, Number.POSITIVE_INFINITY);
}

function rejectedLines({ rejected }: RunReport): readonly string[] {
  return rejected.map(({ column_name: column, open, reason, rows }) => {
    const done = open === rows ? '' : ` (${(rows - open).toLocaleString('en')} done)`;
    return `${rows.toLocaleString('en')} × ${column === null ? '' : `${column}: `}${reason}${done}`;
  });
}

function sourceLines(details: RunDetails | undefined): readonly string[] {
  if (details === undefined) return [];
  const more = details.sources_total - details.sources.length;
  return [
    ...details.sources.map(({ bytes, format, source }) => `${source}  ${format}, ${bytes.toLocaleString('en')} bytes`),
    ...(more > 0 ? [`… and ${more.toLocaleString('en')} more`] : []),
    ...(details.not_modified === true ? ['the API said that nothing had changed since the load before'] : []),
    ...(details.already_loaded_rows > 0
      ? [`${details.already_loaded_rows.toLocaleString('en')} rows at the watermark were loaded already and left out`]
      : []),
  ];
}
