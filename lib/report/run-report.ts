import type { Statements } from '../dsql/sql.ts';
import { type RunDetails, runDetailsSchema } from '../run/run-details.ts';
import { countRejected, type RejectedGroupCount } from '../state/rejected-rows.ts';
import { detailsBefore, type ListedRun, readRun, type WholeRun } from '../state/run-list.ts';
import { type ColumnDrift, columnDrift } from './column-drift.ts';
import { requireRun } from './find-run.ts';

/** Everything that is known of a run. */
export interface RunReport extends Omit<WholeRun, 'details'> {
  /** Undefined of a run of an earlier release, or one that is under way. */
  readonly details: RunDetails | undefined;
  /** Its rejected rows by column and reason, also those that the database refused. */
  readonly rejected: readonly RejectedGroupCount[];
  /** How the source's columns differ from those of the pipeline's success before. */
  readonly drift: readonly ColumnDrift[];
  /** What to do about it. */
  readonly next: readonly string[];
}

/** What can be done about a run. */
export type NextStep =
  /** Another run has closed it or taken its rows back. */
  | { readonly kind: 'closed'; readonly by: string }
  /** It goes on where it stopped, if it was killed. */
  | { readonly kind: 'go_on'; readonly pipeline: string }
  /** It goes on when what the message says is put right. */
  | { readonly kind: 'put_right'; readonly pipeline: string }
  | { readonly kind: 'open_rejected'; readonly rows: number; readonly run: string }
  | { readonly kind: 'take_back'; readonly run: string };

/** Reads all about the run with this id, or the only one that begins so; the last one where none is named. */
export async function readReport(sql: Statements, named: string | undefined): Promise<RunReport> {
  const { run_id: runId } = await requireRun(sql, named);
  const { details, ...whole } = await readRun(sql, runId);
  const rejected = await countRejected(sql, { runId, all: true });
  const own = detailsOf(details);
  return {
    ...whole,
    details: own,
    drift: own === undefined ? [] : columnDrift(detailsOf(await detailsBefore(sql, whole.run)), own),
    rejected,
    next: nextSteps(whole.run, rejected).map(stepText),
  };
}

function detailsOf(text: string | null): RunDetails | undefined {
  return text === null ? undefined : runDetailsSchema.parse(JSON.parse(text));
}

/** What to do about a run, by its row in the log and its rejected rows. */
export function nextSteps(run: ListedRun, rejected: readonly RejectedGroupCount[]): readonly NextStep[] {
  const id = run.run_id?.slice(0, 8) ?? '';
  const pipeline = run.pipeline_name ?? '';
  const open = rejected.reduce((sum, group) => sum + group.open, 0);
  if (run.closed_by !== null) return [{ kind: 'closed', by: run.closed_by }];
  if (run.status === 'running') return [{ kind: 'go_on', pipeline }];
  if (run.status === 'failed') return [{ kind: 'put_right', pipeline }];
  return [
    ...(open === 0 ? [] : [{ kind: 'open_rejected' as const, rows: open, run: id }]),
    ...(run.status === 'success' && Number(run.rows_inserted) > 0 ? [{ kind: 'take_back' as const, run: id }] : []),
  ];
}

function stepText(step: NextStep): string {
  switch (step.kind) {
    case 'closed':
      return `Nothing: run ${step.by} has closed it or taken its rows back.`;
    case 'go_on':
      return `If it was killed, this goes on where it stopped: etl run ${step.pipeline}`;
    case 'put_right':
      return `Put right what the message says; this goes on: etl run ${step.pipeline}`;
    case 'open_rejected':
      return `${step.rows.toLocaleString('en')} rejected rows are open. See them: etl rejects ${step.run}`;
    case 'take_back':
      return `Take it back, if it was wrong: etl undo ${step.run}`;
  }
}
