import type { Sql } from '../../dsql/connect.ts';
import { type RunDetails, runDetailsSchema } from '../../run/run-details.ts';
import { countRejected, type RejectedGroupCount } from '../../state/rejected-rows.ts';
import { type ListedRun, readRun, type WholeRun } from '../../state/run-list.ts';
import { ensureServiceTables } from '../../state/service-tables.ts';
import type { ExitStatus } from '../exit-status.ts';
import { openTargetOf } from '../target.ts';
import { duration, listLines } from '../terminal-text.ts';
import { requireRun } from './find-run.ts';

/** Everything that is known of a run. */
export interface RunReport extends Omit<WholeRun, 'details'> {
  /** Undefined of a run of an earlier release, or one that is under way. */
  readonly details: RunDetails | undefined;
  /** Its rejected rows by column and reason, also those that the database refused. */
  readonly rejected: readonly RejectedGroupCount[];
  /** What to do about it. */
  readonly next: readonly string[];
}

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

/** Reads all about the run with this id, or the only one that begins so; the last one where none is named. */
export async function readReport(sql: Sql, named: string | undefined): Promise<RunReport> {
  const { run_id: runId } = await requireRun(sql, named);
  const { details, ...whole } = await readRun(sql, runId);
  const rejected = await countRejected(sql, { runId, all: true });
  return {
    ...whole,
    details: details === null ? undefined : runDetailsSchema.parse(JSON.parse(details)),
    rejected,
    next: nextSteps(whole.run, rejected),
  };
}

function nextSteps(run: ListedRun, rejected: readonly RejectedGroupCount[]): readonly string[] {
  const id = run.run_id?.slice(0, 8) ?? '';
  const open = rejected.reduce((sum, group) => sum + group.open, 0);
  if (run.closed_by !== null) return [`Nothing: run ${run.closed_by} has closed it or taken its rows back.`];
  if (run.status === 'running') {
    return [`If it was killed, this goes on where it stopped: etl run ${run.pipeline_name ?? ''}`];
  }
  if (run.status === 'failed')
    return [`Put right what the message says; this goes on: etl run ${run.pipeline_name ?? ''}`];
  return [
    ...(open === 0 ? [] : [`${open.toLocaleString('en')} rejected rows are open. See them: etl rejects ${id}`]),
    ...(run.status === 'success' && Number(run.rows_inserted) > 0
      ? [`Take it back, if it was wrong: etl undo ${id}`]
      : []),
  ];
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
    ...section('Columns', columnLines(details)),
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
    ...(details.already_loaded_rows > 0
      ? [`${details.already_loaded_rows.toLocaleString('en')} rows at the watermark were loaded already and left out`]
      : []),
  ];
}
